// containerProperties and containerOverrides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

inline constexpr std::int64_t kMemoryMin = 4;  // MiB, as AWS has it
inline constexpr std::int64_t kMemoryMax = std::int64_t{1} << 50;

struct CommandField {
  std::vector<std::string> words;
  bool script = false;
  std::string where;  // for what is found wrong with it later
};

struct ContainerFields {
  std::optional<CommandField> command;
  std::optional<model::Environment> environment;
  std::string environment_where;  // for what is found wrong with it later
  std::optional<std::uint32_t> vcpus;
  std::optional<std::uint64_t> memory_mib;
  std::optional<std::uint32_t> gpus;
  std::optional<std::string> working_directory;
};

enum class ContainerKind { Properties, Overrides };

ContainerFields read_container(const JsonValue& value, const Path& path, ContainerKind kind,
                               const Report& report);

// Of what is given; 1 vCPU where nothing is.
model::Resources resources_of(const ContainerFields& fields);

// What `over` gives wins; its environment is laid over the other name by name.
void overlay(ContainerFields& fields, const ContainerFields& over);
void overlay(std::vector<std::pair<std::string, std::string>>& values,
             const std::vector<std::pair<std::string, std::string>>& over);

}  // namespace mpibatch::plan
