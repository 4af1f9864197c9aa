// Job definitions: those of `jobDefinitions`, and the fields of one that a job carries inline.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/plan.hpp>

#include "plan/consumables.hpp"
#include "plan/container.hpp"
#include "plan/field.hpp"
#include "plan/later.hpp"
#include "plan/log_fields.hpp"
#include "plan/nodes.hpp"

namespace mpibatch::plan {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// What a definition says, and a job of itself.
struct DefinitionFields {
  ContainerFields container;
  Parameters parameters;
  std::optional<model::RetryStrategy> retry;
  std::optional<Duration> timeout;
  std::optional<bool> keep_tmp;
  std::optional<std::uint64_t> log_bytes_max;
  std::optional<LogFileFields> log_files;
  std::optional<std::uint32_t> priority;
  std::optional<std::vector<std::string>> constraints;
  std::optional<std::vector<model::ConsumableUse>> consumables;
  std::optional<model::Expectation> expected;
  std::optional<Duration> not_before;
  std::optional<NodeFields> nodes;  // multi-node parallel; `container` is not used then
  bool nodes_are_bad = false;       // reported
};

// Reads the fields that both have, and the type; the caller has checked the names of the others.
struct DefinitionReader {
  const Consumables& consumables;
  Notices& notices;
  const Report& report;

  DefinitionFields read(const JsonValue& value, const Path& path) const;

 private:
  void read_type(const JsonValue& value, const Path& path, DefinitionFields& fields) const;
};

// schedulingPriority, and its override.
std::optional<std::uint32_t> read_priority(const JsonValue& value, const Path& path,
                                           const Report& report);

// What `over` gives wins; parameters one by one.
void overlay(DefinitionFields& fields, const DefinitionFields& over);

struct Definition {
  std::string name;
  DefinitionFields fields;
};

class Definitions {
 public:
  void read(const JsonValue& value, const Path& path, const DefinitionReader& reader);

  // By `name` (its highest revision that is ACTIVE) or `name:revision`; null, and reported, if
  // there is none.
  const Definition* find(const std::string& reference, const Path& path,
                         const Report& report) const;

 private:
  struct Entry {
    Definition definition;
    std::string where;
    bool active = true;
  };
  void read_one(const JsonValue& value, const Path& path, const DefinitionReader& reader);
  static void report_inactive(const std::string& reference, const Entry& entry, const Path& path,
                              const Report& report);

  std::map<std::string, std::map<std::int64_t, Entry>> by_name_;
};

// At most 50 tags; they are checked and not kept.
void check_tags(const JsonValue& object, const Path& path, const Report& report);

}  // namespace mpibatch::plan
