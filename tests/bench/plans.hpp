// Plans of any size, straight as the fact that adopts them.
#pragma once

#include <cstdint>

#include <mpibatch/model/fact.hpp>

namespace mpibatch::bench {

inline constexpr std::uint32_t kDependenciesEach = 20;

model::PlanAdopted array_plan(model::ChildIndex size);
// Of `jobs` jobs that are no arrays:
model::PlanAdopted chain_plan(std::uint32_t jobs);   // each after the one before
model::PlanAdopted fan_plan(std::uint32_t jobs);     // one, then all but one at once, then one
model::PlanAdopted random_plan(std::uint32_t jobs);  // each after kDependenciesEach earlier ones

}  // namespace mpibatch::bench
