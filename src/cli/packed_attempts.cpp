#include "cli/packed_attempts.hpp"

#include <algorithm>
#include <tuple>

namespace mpibatch::cli {

template <class Value>
std::uint32_t PackedAttempts::Numbers<Value>::of(const Value& value) {
  if (last_ < found_.size() && found_[last_]->first == value) return last_;
  const auto [entry, added] =
      numbers_.try_emplace(value, static_cast<std::uint32_t>(found_.size()));
  if (added) found_.push_back(entry);
  return last_ = entry->second;
}

void PackedAttempts::add(const store::Attempt& attempt) {
  Packed packed;
  packed.execution = attempt.execution;
  packed.child = attempt.child;
  packed.node = nodes_.of(attempt.node);
  packed.cpus = cpus_.of(attempt.cpus);
  packed.attempt = static_cast<std::uint16_t>(attempt.attempt);
  packed.state = attempt.state;
  packed.started_at = attempt.started_at;
  if (attempt.end) {
    packed.reason = reasons_.of(attempt.end->reason);
    packed.code = attempt.end->code;
    packed.kind = attempt.end->kind;
    packed.stopped_at = attempt.end->stopped_at;
    packed.usage = attempt.end->usage;
  }
  attempts_.push_back(packed);
}

void PackedAttempts::sort() {
  const auto order = [](const Packed& packed) {
    return std::tuple(packed.execution.job, packed.child, packed.started_at,
                      packed.execution.grant);
  };
  std::sort(attempts_.begin(), attempts_.end(),
            [&](const Packed& a, const Packed& b) { return order(a) < order(b); });
}

void PackedAttempts::read(model::JobId job, model::ChildIndex child,
                          std::vector<store::Attempt>& to) {
  const auto place = [](const Packed& packed) {
    return std::pair(packed.execution.job, packed.child);
  };
  const std::pair wanted(job, child);
  while (next_ < attempts_.size() && place(attempts_[next_]) < wanted) ++next_;
  std::size_t count = 0;
  for (; next_ < attempts_.size() && place(attempts_[next_]) == wanted; ++next_, ++count) {
    if (to.size() == count) to.emplace_back();
    unpack(attempts_[next_], to[count]);
  }
  to.resize(count);
}

void PackedAttempts::unpack(const Packed& packed, store::Attempt& to) const {
  to.execution = packed.execution;
  to.child = packed.child;
  to.attempt = packed.attempt;
  to.node = nodes_[packed.node];
  to.state = packed.state;
  to.started_at = packed.started_at;
  to.cpus = cpus_[packed.cpus];
  if (packed.state != store::AttemptState::Ended) {
    to.end.reset();
    return;
  }
  if (!to.end) to.end.emplace();
  to.end->kind = packed.kind;
  to.end->code = packed.code;
  to.end->reason = reasons_[packed.reason];
  to.end->started_at = packed.started_at;
  to.end->stopped_at = packed.stopped_at;
  to.end->usage = packed.usage;
}

}  // namespace mpibatch::cli
