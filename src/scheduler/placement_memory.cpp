#include "scheduler/placement_memory.hpp"

#include <algorithm>

namespace mpibatch::scheduler {

void Passed::add(std::uint32_t consumable) {
  if (std::find(consumables.begin(), consumables.end(), consumable) == consumables.end())
    consumables.push_back(consumable);
}

std::optional<Instant> RoundMemory::next_time(std::uint64_t enlisted) const {
  std::optional<Instant> next;
  const auto sooner = [&](Instant at) { next = std::min(next.value_or(at), at); };
  for (const auto& [number, queue] : queues) {
    if (queue.cut_short) sooner(queue.deep_at);
    if (queue.kept) sooner(*queue.reserved_at + kMemoryAge);
  }
  for (const auto& [lane, jobs] : passed)
    if (jobs.enlisted != enlisted) sooner(jobs.until);
  return next;
}

}  // namespace mpibatch::scheduler
