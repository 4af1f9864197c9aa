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
  const DefinitionReader& reader;
  Queues& queues;
  SheetReader& sheets;
  const Report& report;

  // `dependsOn` is left to resolve_dependencies(). With errors reported, the result is whatever
  // could be made of it: the name as it was given; size 0 where arrayProperties say none.
  model::PlannedJob read(const JsonValue& value, const Path& path) const;

 private:
  // And the share in it.
  std::uint32_t read_queue(const JsonValue& value, const Path& path, model::PlannedJob& job) const;
  void read_overrides(const JsonValue& value, const Path& path, DefinitionFields& fields) const;
  void set_gang(const DefinitionFields& fields, bool children_known, model::PlannedJob& job) const;
  void check_container(const ContainerFields& container, const model::PlannedJob& job) const;
  void check_memory(const Path& path, const model::PlannedJob& job) const;
};

// Of all that an attempt would see; not of the values of an array's children.
std::uint64_t digest_of(const model::JobTemplate& execution);

}  // namespace mpibatch::plan
