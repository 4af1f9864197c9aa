// The starter: the process on a node that owns slots, pinning and the attempts' processes. Outlives
// rank 0 for its lease. Only one a run and share on a host: it holds a lock in a node-local folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/time.hpp>

namespace mpibatch::node {

struct StarterOptions {
  std::string run;           // 32 hexadecimal digits
  std::string state_folder;  // absolute
  std::uint32_t share = 0;   // which of `shares` on this host
  std::uint32_t shares = 1;
  std::optional<std::uint32_t> cpus_per_node;
  bool launched_by_mpirun = false;
  Duration lease{std::chrono::seconds{60}};  // until Attach says another
  bool operator==(const StarterOptions&) const = default;
};

// The words after the executable that the hidden command `starter` turns into the same options.
std::vector<std::string> starter_arguments(const StarterOptions& options);

inline constexpr int kStarterLeft = 0;     // told to, or its lease lapsed
inline constexpr int kStarterFailed = 1;   // why is in the node's folder: see failure_of_starter()
inline constexpr int kStarterIsThere = 3;  // another one holds the lock: connect to it
// Runs until told to leave, or the lease lapses. Main thread of a process of its own: closes all
// descriptors from 3 on, takes over signals and children. Returns the exit code.
int run_starter(const StarterOptions& options);

}  // namespace mpibatch::node
