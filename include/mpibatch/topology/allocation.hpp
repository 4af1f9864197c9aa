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
  std::vector<std::uint32_t>
      cpus;            // of this share, operating system's numbers, near ones next to each other
  bool pinned = true;  // false: more slots than CPUs, or CPUs held by another run
  std::string words;   // for people: "1 of 2 CPUs (0), 11 GiB; memory limit of cgroup /x"
  std::vector<std::string>
      notices;  // what the user should know: "mpirun bound this rank to CPU 0; using 0-1"
};

Result<Allocation> detect(const Request& request);

// Gives out CPUs of a share: `take(n)` prefers CPUs that are near each other (one NUMA node, one
// cache, one core).
class CpuPool {
 public:
  explicit CpuPool(const Allocation& allocation);
  ~CpuPool();
  CpuPool(CpuPool&&) noexcept;
  // n CPUs, none if fewer are free; an empty set where the share is not pinned.
  std::optional<std::vector<std::uint32_t>> take(std::uint32_t n);
  void give_back(const std::vector<std::uint32_t>& cpus);
  std::uint32_t free() const;

 private:
  struct Map;
  std::unique_ptr<Map> map_;
};

}  // namespace mpibatch::topology
