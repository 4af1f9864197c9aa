// The plan file as a whole.
#pragma once

#include <string>

#include <mpibatch/model/plan.hpp>

#include "plan/field.hpp"
#include "plan/sources.hpp"

namespace mpibatch::plan {

// `folder` is where relative sheets are; `report` is of the plan file. With errors reported, the
// plan is worth nothing.
model::Plan read_plan(const std::string& text, const std::string& folder, Sources& sources,
                      const Report& report);

}  // namespace mpibatch::plan
