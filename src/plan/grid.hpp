// The product of lists and ranges as the parameters of an array: points are computed, not stored.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

// start, start + step, … as exact decimals: (start + i × step) × 10^exponent.
struct DecimalRange {
  std::int64_t start = 0;
  std::int64_t step = 1;
  int exponent = 0;
  std::uint64_t count = 0;
  std::string value(std::uint64_t index) const;  // written as shortly as it can be: "0.1", "1"
};

struct GridDimension {
  std::string name;
  std::vector<std::string> list;      // empty: the range
  std::optional<DecimalRange> range;  // where list is empty
  std::uint64_t count() const { return range ? range->count : list.size(); }
  std::string value(std::uint64_t index) const { return range ? range->value(index) : list[index]; }
};

class Grid final : public model::ParameterTable {
 public:
  explicit Grid(std::vector<GridDimension> dimensions);  // of 1 to kChildrenMax points

  model::ChildIndex rows() const override { return rows_; }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(model::ChildIndex row) const override;  // first name slowest
  std::uint64_t digest() const override { return digest_; }

  // Whether `name=value,…` can be read in one way only, so that no two points have the same.
  bool default_key_is_unique() const;

 private:
  std::vector<GridDimension> dimensions_;
  std::vector<std::string> names_;
  model::ChildIndex rows_ = 1;
  std::uint64_t digest_ = 0;
};

// Every row of a sheet with every point of a grid; rows slowest.
class SheetGrid final : public model::ParameterTable {
 public:
  SheetGrid(std::shared_ptr<const model::ParameterTable> sheet, std::shared_ptr<const Grid> grid);

  model::ChildIndex rows() const override { return sheet_->rows() * grid_->rows(); }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(model::ChildIndex row) const override;
  std::uint64_t digest() const override;

 private:
  std::shared_ptr<const model::ParameterTable> sheet_;
  std::shared_ptr<const Grid> grid_;
  std::vector<std::string> names_;
};

// Null if something is wrong with it, which is reported.
std::shared_ptr<const Grid> read_grid(const JsonValue& value, const Path& path,
                                      const Report& report);

}  // namespace mpibatch::plan
