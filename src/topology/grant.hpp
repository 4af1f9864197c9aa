// What a host grants as a whole, and how its ranks share it: arithmetic alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/topology/allocation.hpp>

namespace mpibatch::topology {

// CPUs in the machine's logical order, with the distances between neighbours (Allocation::steps).
struct Cpus {
  std::vector<std::uint32_t> numbers;
  std::vector<std::uint8_t> steps;
  std::uint32_t numa_nodes = 0;  // of the machine; 0: unknown
  bool operator==(const Cpus&) const = default;
};
Cpus only(const Cpus& cpus, const std::vector<std::uint32_t>& wanted);
Cpus slice(const Cpus& cpus, std::size_t begin, std::size_t count);

struct Masks {
  Cpus hardware;                                       // all that the cpuset allows
  std::vector<std::uint32_t> own;                      // this process's affinity
  std::optional<std::vector<std::uint32_t>> launcher;  // the launcher's, if there is one
};
struct CpuGrant {
  Cpus cpus;
  std::vector<std::string> notices;
  std::vector<std::string> remarks;
};
CpuGrant granted_cpus(const Masks& masks, bool launched_by_mpirun);

struct Memory {
  std::uint64_t bytes = 0;
  std::string source;  // empty: all that the machine has
  bool operator==(const Memory&) const = default;
};
// Kept back for mpibatch itself and for the system.
std::uint64_t reserve_bytes(std::uint64_t limit_bytes);

struct Grant {
  Cpus cpus;
  std::uint32_t slots = 0;  // how many CPUs; fewer than `cpus` where it is unknown which
  bool pinned = true;       // it is known which ones
  Memory memory;            // the limit, reserve included
  std::vector<std::string> notices;
  std::vector<std::string> remarks = {};
};
Result<Allocation> split(const Grant& grant, const Request& request);

}  // namespace mpibatch::topology
