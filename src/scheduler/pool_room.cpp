#include "scheduler/pool_room.hpp"

namespace mpibatch::scheduler {

namespace {

constexpr std::size_t kUnfitMax = 1000;  // remembered at a time
constexpr std::size_t kGrownMax = 1 << 16;

}  // namespace

void PoolRoom::add(std::uint32_t node, const Room& free, const model::Resources& capacity) {
  nodes_.emplace(-emptiness(free), node);
  ++capacities_[capacity];
  vcpus_ += capacity.vcpus;
  unfit_.clear();
  grown_.clear();
  ++growth_;
}

void PoolRoom::remove(std::uint32_t node, const Room& free, const model::Resources& capacity) {
  nodes_.erase({-emptiness(free), node});
  const auto found = capacities_.find(capacity);
  if (--found->second == 0) capacities_.erase(found);
  vcpus_ -= capacity.vcpus;
}

void PoolRoom::move(std::uint32_t node, const Room& from, const Room& to) {
  const std::int64_t before = emptiness(from);
  const std::int64_t after = emptiness(to);
  if (before != after) {
    auto place = nodes_.extract({-before, node});
    place.value().first = -after;
    nodes_.insert(std::move(place));
  }
  if (to.vcpus <= from.vcpus && to.memory_mib <= from.memory_mib && to.gpus <= from.gpus) return;
  ++growth_;
  if (unfit_.empty()) return;
  if (grown_.size() >= kGrownMax) {
    unfit_.clear();
    grown_.clear();
    return;
  }
  grown_.push_back(node);
}

void PoolRoom::nothing_fits(const model::Resources& asked) {
  if (unfit_.empty()) grown_.clear();
  if (unfit_.size() >= kUnfitMax) {
    unfit_.clear();
    grown_.clear();
  }
  unfit_[asked] = grown_.size();
}

}  // namespace mpibatch::scheduler
