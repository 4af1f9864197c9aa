#include "scheduler/name_index.hpp"

#include <array>
#include <bit>
#include <functional>
#include <utility>

#include <mpibatch/base/check.hpp>

namespace mpibatch::scheduler {

void NameIndex::clear() { *this = {}; }

void NameIndex::push(std::string_view name, bool listed) {
  if (listed) listed_.push_back(static_cast<std::uint32_t>(size()));
  pool_ += name;
  begins_.push_back(pool_.size());
}

// Slots are anywhere in memory: each is fetched while the names before it are entered.
void NameIndex::index() {
  constexpr std::size_t kAhead = 16;
  MPIBATCH_CHECK(slots_.empty());
  const std::vector<std::uint32_t> listed = std::exchange(listed_, {});
  slots_.assign(std::bit_ceil(2 * listed.size() + 2), 0);
  std::array<std::size_t, kAhead> hashes{};
  for (std::size_t i = 0; i < listed.size() + kAhead; ++i) {
    std::size_t& hash = hashes[i % kAhead];
    if (i >= kAhead) enter(listed[i - kAhead], hash);
    if (i >= listed.size()) continue;
    hash = std::hash<std::string_view>{}(name(model::JobId{listed[i]}));
    __builtin_prefetch(&slots_[hash & (slots_.size() - 1)], 1);
  }
}

void NameIndex::enter(std::uint32_t number, std::size_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = number + 1;
}

std::optional<model::JobId> NameIndex::find(std::string_view name) const {
  if (slots_.empty()) return std::nullopt;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = std::hash<std::string_view>{}(name)&mask; slots_[slot] != 0;
       slot = (slot + 1) & mask)
    if (this->name(model::JobId{slots_[slot] - 1}) == name) return model::JobId{slots_[slot] - 1};
  return std::nullopt;
}

}  // namespace mpibatch::scheduler
