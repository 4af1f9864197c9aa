// What the allocation grants on this host, and which part of it is this node's share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/model/job.hpp>

namespace mpibatch::topology {

struct Request {
  std::uint32_t share = 0;   // this rank among the ranks of this host
  std::uint32_t shares = 1;  // ranks on this host
  std::optional<std::uint32_t>
      cpus_per_node;  // the user's word; may be 0, or more than there are (then unpinned)
  bool launched_by_mpirun = false;  // then a narrow affinity mask may be mpirun's, not the user's
};

struct Allocation {
  model::Resources capacity;  // of this share
  // The operating system's numbers, near ones next to each other. Pinned: this share's own. Not
  // pinned: all that its attempts may run on, shared with others; empty where nothing is known.
  std::vector<std::uint32_t> cpus;
  // How far cpus[i + 1] is from cpus[i]: 1 on the same core, more for each object of the machine
  // (cache, package, NUMA group) that lies between them. One element less than `cpus`.
  std::vector<std::uint8_t> steps;
  bool pinned = true;  // false: more slots than CPUs, or CPUs held by another run
  std::string words;   // for people: "1 of 2 CPUs (0), 11.0 GiB; memory limit of cgroup /x"
  // What the user should know: "attempts are not bound to CPUs".
  std::vector<std::string> notices;
  // What is as it should be and may surprise: "the launcher bound this rank to CPU 0; using 0-1".
  std::vector<std::string> remarks = {};
  // What this machine says of itself (model/feature.hpp), sorted: `cpu:<model>`, `numa:<nodes>`.
  std::vector<std::string> features = {};
};

// Reads the machine: hwloc, affinity masks, cgroups, Slurm's variables; a few milliseconds.
//   CPUs: what the cpuset allows and the affinity mask grants. Without mpirun the mask is the
//   user's
// word (`taskset`, a resource manager). Under mpirun a rank's mask is often mpirun's own doing (one
// core each for -n 1 and -n 2); what counts then is the mask of the launcher (the nearest ancestor
// that is one: mpirun, orted, Hydra, slurmstepd; else the parent), which is what mpirun itself was
// granted. So call it from a descendant of the launcher while the launcher lives.
//   Memory: the least of physical memory, every cgroup limit up to the root (v1 and v2) and Slurm's
// variables, less a reserve for mpibatch and the system: 2 % but 256 MiB at least, and never more
// than 5 %.
//   Usage where the request has no such share.
Result<Allocation> detect(const Request& request);

// Gives out CPUs of a share: `take(n)` prefers CPUs that are near each other (one core, one cache,
// one NUMA node), and among such places the fullest. One thread uses it.
class CpuPool {
 public:
  explicit CpuPool(const Allocation& allocation);
  ~CpuPool();
  CpuPool(CpuPool&&) noexcept;
  // n CPUs, none if fewer are free. Where the share is not pinned always an empty set: nothing is
  // counted then, the slots are the caller's.
  std::optional<std::vector<std::uint32_t>> take(std::uint32_t n);
  void give_back(const std::vector<std::uint32_t>& cpus);  // as they were taken
  std::uint32_t free() const;  // where the share is not pinned: its slots

 private:
  struct Map;
  std::unique_ptr<Map> map_;
};

}  // namespace mpibatch::topology
