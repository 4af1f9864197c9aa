#include "scheduler/name_index.hpp"

#include <bit>
#include <functional>

namespace mpibatch::scheduler {

void NameIndex::clear() { *this = {}; }

void NameIndex::reserve(std::size_t jobs) {
  begins_.reserve(jobs + 1);
  grow(std::bit_ceil(2 * jobs + 2));
}

void NameIndex::push(std::string_view name, bool listed) {
  pool_ += name;
  begins_.push_back(pool_.size());
  if (!listed) return;
  if (2 * (++listed_ + 1) > slots_.size()) grow(std::bit_ceil(4 * listed_ + 4));
  enter(static_cast<std::uint32_t>(size() - 1));
}

void NameIndex::enter(std::uint32_t number) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>{}(name(model::JobId{number})) & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = number + 1;
}

void NameIndex::grow(std::size_t slots) {
  if (slots <= slots_.size()) return;
  std::vector<std::uint32_t> before = std::move(slots_);
  slots_.assign(slots, 0);
  for (const std::uint32_t entry : before)
    if (entry != 0) enter(entry - 1);
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
