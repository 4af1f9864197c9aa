// Which run binds attempts to which CPUs of this host: the first one does, a second run on the same
// CPUs runs unpinned and says so. A claim is a locked file, so the kernel drops it with its
// process. Runs of other users are not seen; the resource manager keeps those apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/topology/allocation.hpp>

namespace mpibatch::topology {

class PinClaim {
 public:
  // Claims these CPUs for the run while this object lives; the processes of one run (its shares)
  // share. Not held if another run claims one of them. Where claims cannot be kept (no private
  // folder) it is an error: go on pinned, or not.
  static Result<PinClaim> take(const std::string& run, const std::vector<std::uint32_t>& cpus);
  // The same with the folders to look in, first the one to claim in. By default
  // $XDG_RUNTIME_DIR/mpibatch and /tmp/mpibatch-<uid>: both are looked through, since not every
  // session of a user has the variable.
  static Result<PinClaim> take_in(const std::vector<std::string>& folders, const std::string& run,
                                  const std::vector<std::uint32_t>& cpus);
  ~PinClaim();
  PinClaim(PinClaim&& other) noexcept = default;
  PinClaim& operator=(PinClaim&& other) = delete;

  bool held() const { return static_cast<bool>(file_); }
  const std::string& holder() const { return holder_; }  // the other run, if not held

 private:
  PinClaim() = default;
  UniqueFd file_;
  std::string path_;
  std::string holder_;
};

// Makes the allocation unpinned, with a notice, if the claim is not held.
void yield_cpus(Allocation& allocation, const PinClaim& claim);

}  // namespace mpibatch::topology
