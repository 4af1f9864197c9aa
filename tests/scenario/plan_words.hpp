// A plan as a script writes it.
#pragma once

#include <string>
#include <vector>

#include "support/job_builder.hpp"

namespace mpibatch::scenario {

// Lines `environment NAME …`, `policy NAME …`, `consumable NAME N`, `queue NAME PRIORITY …`,
// `max-failures N` and `job NAME …`; see README.md. Throws ScriptError.
testing::PlanBuilder plan_of(const std::vector<std::string>& lines);

}  // namespace mpibatch::scenario
