#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <mpibatch/topology/allocation.hpp>
#include "topology/grant.hpp"
#include "topology/machine.hpp"
#include "topology/memory_limit.hpp"
#include "topology/slurm.hpp"

namespace mpibatch::topology {

namespace {

Masks read_masks(bool launched_by_mpirun) {
  Masks masks{hardware_cpus(), affinity_of(0), std::nullopt};
  if (!launched_by_mpirun) return masks;
  if (const auto launcher = launcher_process()) {
    auto mask = affinity_of(*launcher);
    if (!mask.empty()) masks.launcher = std::move(mask);
  }
  return masks;
}

}  // namespace

Result<Allocation> detect(const Request& request) {
  const Masks masks = read_masks(request.launched_by_mpirun);
  CpuGrant granted = granted_cpus(masks, request.launched_by_mpirun);
  Grant grant;
  grant.cpus = std::move(granted.cpus);
  grant.notices = std::move(granted.notices);
  grant.remarks = std::move(granted.remarks);
  grant.slots = static_cast<std::uint32_t>(grant.cpus.numbers.size());
  if (grant.slots == 0) {
    grant.slots = static_cast<std::uint32_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    grant.pinned = false;
    grant.notices.emplace_back(
        "this machine does not say which CPUs may be used: attempts are not "
        "bound to CPUs");
  }
  grant.memory.bytes = physical_memory_bytes();
  if (const auto limit = least_cgroup_limit(""); limit && limit->bytes < grant.memory.bytes)
    grant.memory = *limit;
  lower(grant, slurm_grant([](const char* name) { return std::getenv(name); }));
  auto allocation = split(grant, request);
  if (allocation)
    allocation->features = features_of(cpu_model("/proc/cpuinfo"), masks.hardware.numa_nodes);
  return allocation;
}

}  // namespace mpibatch::topology
