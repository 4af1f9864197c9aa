#include "plan/seed.hpp"

#include <algorithm>

#include "plan/hash.hpp"

namespace mpibatch::plan {

SeededTable::SeededTable(std::shared_ptr<const model::ParameterTable> base, model::ChildIndex size,
                         std::string seed)
    : base_(std::move(base)), size_(size), seed_(stable_hash(seed)) {
  if (base_) names_ = base_->names();
  for (std::size_t i = 0; i < names_.size(); ++i) by_name_.push_back(i);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](std::size_t a, std::size_t b) { return names_[a] < names_[b]; });
  names_.emplace_back(kSeedName);
}

std::vector<std::string> SeededTable::values(model::ChildIndex row) const {
  std::vector<std::string> values;
  if (base_) values = base_->values(row);
  std::uint64_t hash = seed_;
  if (!base_) hash = stable_hash(std::to_string(row), hash);
  for (const std::size_t column : by_name_)
    hash = stable_hash(values[column], stable_hash(names_[column], hash));
  values.push_back(std::to_string(hash >> 33));
  return values;
}

std::uint64_t SeededTable::digest() const {
  const std::uint64_t base = base_ ? base_->digest() : size_;
  if (base == 0) return 0;
  return std::max<std::uint64_t>(stable_hash("seeded", seed_ ^ (base * 31)), 1);
}

std::optional<std::string> SeededTable::key(model::ChildIndex row) const {
  return base_ ? base_->key(row) : std::nullopt;
}

}  // namespace mpibatch::plan
