// MATCH dependencies: children of two arrays with equal values of some parameters.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/plan.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

// Groups of children by the values of `parameters`, which both tables have. None, and reported at
// `path`, if a child of `waiting` finds nobody to wait for.
std::optional<model::MatchGroups> match_children(const model::PlannedJob& waiting,
                                                 const model::PlannedJob& awaited,
                                                 const std::vector<std::string>& parameters,
                                                 const Path& path, const Report& report);

}  // namespace mpibatch::plan
