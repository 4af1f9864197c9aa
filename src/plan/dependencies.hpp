// dependsOn: names become places in the plan, and nobody waits for itself.
#pragma once

#include <mpibatch/model/plan.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

// `jobs` is the array that plan.jobs was read from, one for one, starting at `path`. Reports names
// that stand twice, too.
void resolve_dependencies(const JsonArray& jobs, const Path& path, model::Plan& plan,
                          const Report& report);

}  // namespace mpibatch::plan
