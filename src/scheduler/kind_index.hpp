// Finds the kind of a job among those that are known: jobs by the million are of a few kinds.
#pragma once

#include <string>
#include <unordered_map>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

class KindIndex {
 public:
  std::uint32_t find_or_add(Scheduler::State& state, const model::JobSpec& spec);

 private:
  std::unordered_map<std::string, std::uint32_t> known_;  // by the layout of what is common
};

}  // namespace mpibatch::scheduler
