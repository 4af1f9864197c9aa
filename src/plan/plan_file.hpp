// The plan file as a whole.
#pragma once

#include <string>

#include <mpibatch/model/plan.hpp>

#include "plan/field.hpp"
#include "plan/json.hpp"
#include "plan/later.hpp"
#include "plan/sources.hpp"

namespace mpibatch::plan {

// `folder` is where relative sheets are; `report` is of the plan file. With errors reported, the
// plan is worth nothing.
model::Plan read_plan(const JsonValue& root, const std::string& folder, Sources& sources,
                      Notices& notices, const Report& report);

}  // namespace mpibatch::plan
