// Children that dependencies name: `align:NA017` by key, `align:16` by index.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/plan.hpp>

namespace mpibatch::plan {

// Collects what is looked for, so that each array's keys are written once however many are.
class ChildFinder {
 public:
  explicit ChildFinder(const model::Plan& plan) : plan_(plan), wanted_(plan.jobs.size()) {}

  void want(std::size_t job, const std::string& key_or_index);
  void search();
  // Of what was wanted before search().
  std::optional<model::ChildIndex> child(std::size_t job, const std::string& key_or_index) const;

 private:
  const model::Plan& plan_;
  std::vector<std::map<std::string, std::optional<model::ChildIndex>>> wanted_;  // of each job
};

}  // namespace mpibatch::plan
