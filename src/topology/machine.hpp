// Reads this machine: hwloc, affinity masks, the process tree.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "topology/grant.hpp"

namespace mpibatch::topology {

Cpus hardware_cpus();  // what the cpuset allows; empty if hwloc cannot tell

// The affinity mask of a process, 0 for this one; empty if it cannot be read.
std::vector<std::uint32_t> affinity_of(pid_t pid);

// Whether a process of this name (/proc/PID/comm) starts the ranks of an MPI world.
bool is_launcher(std::string_view command);

// The nearest ancestor that is a launcher, else the parent; none where the parent is not visible.
std::optional<pid_t> launcher_process();

std::uint64_t physical_memory_bytes();

std::string cpu_model(const std::string& path);  // as /proc/cpuinfo names it first; empty: unknown
// As nodes are chosen by: model/feature.hpp. Sorted.
std::vector<std::string> features_of(const std::string& cpu_model, std::uint32_t numa_nodes);

}  // namespace mpibatch::topology
