// A list of tasks, one a line, as the children of one array job.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

// The lines that are tasks: neither blank nor beginning with `#`. A line is an offset into the
// file. A key is the line; the second such line's is `line#2`, and so on.
class TaskList final : public model::ParameterTable {
 public:
  // Null if something is wrong with it, which is reported.
  static std::shared_ptr<const TaskList> read(std::shared_ptr<const std::string> content,
                                              const Report& report);

  model::ChildIndex rows() const override {
    return static_cast<model::ChildIndex>(offsets_.size());
  }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(model::ChildIndex row) const override;
  std::uint64_t digest() const override { return digest_; }
  std::optional<std::string> key(model::ChildIndex row) const override;

 private:
  TaskList() = default;
  std::string_view line(model::ChildIndex row) const;
  void number_equal_lines();

  std::shared_ptr<const std::string> content_;
  std::vector<std::string> names_{"line"};
  std::vector<std::uint64_t> offsets_;
  // Rows whose line stood before, in order, and the number in their key.
  std::vector<std::pair<model::ChildIndex, std::uint32_t>> repeats_;
  std::uint64_t digest_ = 0;
};

}  // namespace mpibatch::plan
