// `seed` of an array: each child gets a number of its own as the parameter `seed`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

namespace mpibatch::plan {

inline constexpr char kSeedName[] = "seed";

// Another table's values, or none, and the seed behind them: a whole number below 2^31, which every
// random number generator takes. It is a hash of the array's seed and of the child's values by
// their names, or of its index where there are none; so it does not change as rows come and go.
class SeededTable final : public model::ParameterTable {
 public:
  // `base` may be null: then there are `size` children.
  SeededTable(std::shared_ptr<const model::ParameterTable> base, model::ChildIndex size,
              std::string seed);

  model::ChildIndex rows() const override { return size_; }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(model::ChildIndex row) const override;
  std::uint64_t digest() const override;
  std::optional<std::string> key(model::ChildIndex row) const override;

 private:
  std::shared_ptr<const model::ParameterTable> base_;
  model::ChildIndex size_;
  std::vector<std::string> names_;
  std::vector<std::size_t> by_name_;  // the base's columns, sorted by name
  std::uint64_t seed_;
};

}  // namespace mpibatch::plan
