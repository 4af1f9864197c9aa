#include "topology/machine.hpp"

#include <hwloc.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "topology/memory_limit.hpp"

namespace mpibatch::topology {

namespace {

constexpr int kAncestorsMax = 16;
constexpr std::size_t kMaskCpusMax = std::size_t{1} << 20;

struct Loaded {
  hwloc_topology_t topology = nullptr;
  bool good = false;
  Loaded() {
    if (hwloc_topology_init(&topology) != 0) return;
    // Only what decides which CPUs are near each other: this is on the way to every start.
    hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
    for (const hwloc_obj_type_t type : {HWLOC_OBJ_CORE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE,
                                        HWLOC_OBJ_PACKAGE, HWLOC_OBJ_GROUP, HWLOC_OBJ_DIE})
      hwloc_topology_set_type_filter(topology, type, HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
    // It visits every CPU by binding to it; /sys says the same.
    hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
    good = hwloc_topology_load(topology) == 0;
  }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() {
    if (topology != nullptr) hwloc_topology_destroy(topology);
  }
};

struct Process {
  std::string command;
  pid_t parent = 0;
};

std::optional<Process> process(pid_t pid) {
  // "pid (command) state ppid ...": the command may hold blanks and brackets.
  const std::string text = read_text(fmt::format("/proc/{}/stat", pid));
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open) return std::nullopt;
  std::istringstream rest(text.substr(close + 1));
  std::string state;
  Process found;
  found.command = text.substr(open + 1, close - open - 1);
  if (!(rest >> state >> found.parent)) return std::nullopt;
  return found;
}

}  // namespace

Cpus hardware_cpus() {
  Cpus cpus;
  const Loaded loaded;
  if (!loaded.good) return cpus;
  hwloc_obj_t before = nullptr;
  hwloc_obj_t pu = nullptr;
  while ((pu = hwloc_get_next_obj_by_type(loaded.topology, HWLOC_OBJ_PU, pu)) != nullptr) {
    if (before != nullptr) {
      const hwloc_obj_t shared = hwloc_get_common_ancestor_obj(loaded.topology, before, pu);
      cpus.steps.push_back(
          static_cast<std::uint8_t>(std::clamp(pu->depth - shared->depth, 1, 255)));
    }
    cpus.numbers.push_back(pu->os_index);
    before = pu;
  }
  const int numa_nodes = hwloc_get_nbobjs_by_type(loaded.topology, HWLOC_OBJ_NUMANODE);
  cpus.numa_nodes = static_cast<std::uint32_t>(std::max(numa_nodes, 0));
  return cpus;
}

std::vector<std::uint32_t> affinity_of(pid_t pid) {
  std::vector<std::uint32_t> cpus;
  for (std::size_t most = 1024; most <= kMaskCpusMax; most *= 4) {
    cpu_set_t* set = CPU_ALLOC(most);
    if (set == nullptr) return cpus;
    const std::size_t bytes = CPU_ALLOC_SIZE(most);
    CPU_ZERO_S(bytes, set);
    const int rc = ::sched_getaffinity(pid, bytes, set);
    const bool too_small = rc != 0 && errno == EINVAL;
    for (std::size_t cpu = 0; rc == 0 && cpu < most; ++cpu)
      if (CPU_ISSET_S(cpu, bytes, set)) cpus.push_back(static_cast<std::uint32_t>(cpu));
    CPU_FREE(set);
    if (!too_small) break;
  }
  return cpus;
}

bool is_launcher(std::string_view command) {
  constexpr std::array<std::string_view, 8> kNames = {
      "mpirun", "mpiexec", "orted", "orterun", "prte", "hydra_", "pmi_proxy", "slurmstepd"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return command.substr(0, name.size()) == name; });
}

std::optional<pid_t> launcher_process() {
  const pid_t parent = ::getppid();
  pid_t pid = parent;
  for (int i = 0; i < kAncestorsMax && pid > 0; ++i) {
    const auto found = process(pid);
    if (!found) break;
    if (is_launcher(found->command)) return pid;
    pid = found->parent;
  }
  if (parent > 0) return parent;
  return std::nullopt;
}

// Only its beginning is read: on many CPUs the whole of it takes the kernel a while.
std::string cpu_model(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) break;  // the next CPU
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(':');
    const std::size_t begin = colon == line.npos ? colon : line.find_first_not_of(" \t", colon + 1);
    return begin == line.npos ? std::string() : line.substr(begin);
  }
  return {};
}

std::vector<std::string> features_of(const std::string& cpu_model, std::uint32_t numa_nodes) {
  std::vector<std::string> features;
  if (!cpu_model.empty()) features.push_back("cpu:" + cpu_model);
  if (numa_nodes > 0) features.push_back(fmt::format("numa:{}", numa_nodes));
  return features;
}

std::uint64_t physical_memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return 0;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
}

}  // namespace mpibatch::topology
