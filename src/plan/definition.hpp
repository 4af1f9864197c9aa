// Job definitions: those of `jobDefinitions`, and the fields of one that a job carries inline.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/job.hpp>

#include "plan/container.hpp"
#include "plan/field.hpp"

namespace mpibatch::plan {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// What a definition says, and a job of itself.
struct DefinitionFields {
  ContainerFields container;
  Parameters parameters;
  std::optional<model::RetryStrategy> retry;
  std::optional<Duration> timeout;
  std::optional<bool> keep_tmp;
};

// Reads the fields that both have, and the type; the caller has checked the names of the others.
DefinitionFields read_definition_fields(const JsonValue& value, const Path& path,
                                        const Report& report);

// What `over` gives wins; parameters one by one.
void overlay(DefinitionFields& fields, const DefinitionFields& over);

struct Definition {
  std::string name;
  DefinitionFields fields;
};

class Definitions {
 public:
  void read(const JsonValue& value, const Path& path, const Report& report);

  // By `name` (its highest revision) or `name:revision`; null, and reported, if there is none.
  const Definition* find(const std::string& reference, const Path& path,
                         const Report& report) const;

 private:
  void read_one(const JsonValue& value, const Path& path, const Report& report);

  struct Entry {
    Definition definition;
    std::string where;
  };
  std::map<std::string, std::map<std::int64_t, Entry>> by_name_;
};

// At most 50 tags; they are checked and not kept.
void check_tags(const JsonValue& object, const Path& path, const Report& report);

}  // namespace mpibatch::plan
