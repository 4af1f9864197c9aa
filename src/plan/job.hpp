// One job of a plan: its own fields laid over its definition's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/plan.hpp>

#include "plan/array.hpp"
#include "plan/definition.hpp"
#include "plan/field.hpp"
#include "plan/queues.hpp"

namespace mpibatch::plan {

struct JobReader {
  const Definitions& definitions;
  Queues& queues;
  SheetReader& sheets;
  const Report& report;

  // `dependsOn` is left to resolve_dependencies(). With errors reported, the result is whatever
  // could be made of it: the name as it was given; size 0 where arrayProperties say none.
  model::PlannedJob read(const JsonValue& value, const Path& path) const;
};

// Of all that an attempt would see; not of the values of an array's children.
std::uint64_t digest_of(const model::JobTemplate& execution);

}  // namespace mpibatch::plan
