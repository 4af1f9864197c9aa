// What one child of a plan would run, for `validate --show`.
#pragma once

#include <string>

#include <mpibatch/model/plan.hpp>

#include "cli/job_reference.hpp"

namespace mpibatch::cli {

// `place` names no child of an array: its first one is shown.
std::string child_plan_text(const model::Plan& plan, const JobPlace& place);
std::string child_plan_json(const model::Plan& plan, const JobPlace& place);

}  // namespace mpibatch::cli
