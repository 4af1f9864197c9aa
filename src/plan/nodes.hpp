// nodeProperties and nodeOverrides: the members of a multi-node parallel job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/container.hpp"
#include "plan/field.hpp"

namespace mpibatch::plan {

struct NodeRange {
  std::string targets;  // as written: "0:3", ":3", "4:"
  std::uint32_t first = 0;
  std::optional<std::uint32_t> last;  // counts in; none: the last node
  ContainerFields container;
  std::string where;  // of targetNodes
};

// How the MPI program of a job is started; has no effect yet.
struct MpiFields {
  bool direct = false;
  std::uint32_t ranks_per_node = 0;  // 0: not said
  std::uint32_t threads_per_rank = 0;
};

struct NodeFields {
  std::uint32_t count = 0;  // 0: what the parameter says
  std::string count_parameter;
  std::string count_where;
  std::uint32_t main = 0;
  std::string main_where;
  std::vector<NodeRange> ranges;
  std::optional<MpiFields> mpi;
  bool exclusive = false;
  bool spread = true;
};

// None if something is wrong with it, which is reported.
std::optional<NodeFields> read_node_properties(const JsonValue& value, const Path& path,
                                               const Report& report);
void apply_node_overrides(NodeFields& nodes, const JsonValue& value, const Path& path,
                          const Report& report);

struct ResolvedGang {
  model::Gang gang;
  std::vector<std::uint32_t> ranges;  // of each member: its range, an index into the fields'
};

// With what a job knows: `parameters` are those that all its children share, `of_children` the
// names of the others.
std::optional<ResolvedGang> resolve_gang(
    const NodeFields& nodes, const std::vector<std::pair<std::string, std::string>>& parameters,
    const std::vector<std::string>& of_children, const std::string& job, const Report& report);

}  // namespace mpibatch::plan
