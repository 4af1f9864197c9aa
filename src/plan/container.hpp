// containerProperties and containerOverrides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

struct CommandField {
  std::vector<std::string> words;
  bool script = false;
  std::string where;  // for what is found wrong with it later
};

struct ContainerFields {
  std::optional<CommandField> command;
  std::optional<model::Environment> environment;
  std::optional<std::uint32_t> vcpus;
  std::optional<std::uint64_t> memory_mib;
  std::optional<std::string> working_directory;
};

enum class ContainerKind { Properties, Overrides };

ContainerFields read_container(const JsonValue& value, const Path& path, ContainerKind kind,
                               const Report& report);

// What `over` gives wins; its environment is laid over the other name by name.
void overlay(ContainerFields& fields, const ContainerFields& over);

}  // namespace mpibatch::plan
