#include "scheduler/placement_heads.hpp"

namespace mpibatch::scheduler {

namespace {

std::string_view code_of(std::string_view reason) { return reason.substr(0, reason.find(" - ")); }

}  // namespace

std::string_view reason_of(Blocked why) {
  switch (why) {
    case Blocked::Capacity:
      return "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - The nodes that can run the job are busy.";
    case Blocked::EnvironmentMax:
      return "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job "
             "queue cannot meet the CPU requirement of the job.";
    case Blocked::JobRequirement:
      break;
  }
  return "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement "
         "(vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job "
         "queue.";
}

void QueueHeads::update(const std::map<Key, Unit>& heads, Instant now) {
  for (auto old = heads_.begin(); old != heads_.end();)
    old = heads.contains(old->first) ? std::next(old) : heads_.erase(old);
  for (const auto& [key, unit] : heads) {
    QueueHead& head =
        heads_.try_emplace(key, QueueHead{unit.job, unit.child, now, {}}).first->second;
    if (head.job != unit.job || head.child != unit.child) head = {unit.job, unit.child, now, {}};
    head.reason = reason_of(key.why);
  }
}

std::vector<QueueHead> QueueHeads::of(std::uint32_t queue) const {
  std::vector<QueueHead> found;
  for (auto next = heads_.lower_bound({queue, Blocked::Capacity});
       next != heads_.end() && next->first.queue == queue; ++next)
    found.push_back(next->second);
  return found;
}

const model::TimeLimit* limit_of(const model::Queue& queue, const QueueHead& head) {
  const model::TimeLimit* first = nullptr;
  for (const model::TimeLimit& limit : queue.time_limits)
    if (code_of(limit.reason) == code_of(head.reason) && (!first || limit.max < first->max))
      first = &limit;
  return first;
}

}  // namespace mpibatch::scheduler
