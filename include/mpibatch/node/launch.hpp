// Finding and starting the starter of this host.
//
// Node-local names: <base>/mpibatch-<uid>/<run's first 16 digits>-<host's hash>-<share>/ with
// `lock`, `socket` and `slots`; mode 0700. <base> is the first that can be used of
// $MPIBATCH_RUNTIME_DIR, /tmp and /dev/shm: the same for every login of a user, which
// $XDG_RUNTIME_DIR is not.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/model/job.hpp>
#include <mpibatch/node/starter.hpp>
#include <mpibatch/transport/link.hpp>

namespace mpibatch::node {

// Without the variables that MPI launchers give to their ranks: a child that kept them and is an
// MPI program itself fails. The user's own settings (OMPI_MCA_btl, …) stay.
model::Environment strip_mpi_variables(const model::Environment& environment);
// This process's variables.
model::Environment current_environment();

// The folder of a node of this host. System where no base can be used: each is named with its
// fault.
Result<std::string> node_folder(const std::string& run, std::uint32_t share);
// Shares from `from` on that have a folder on this host: of an earlier world with more ranks.
std::vector<std::uint32_t> shares_beyond(const std::string& run, std::uint32_t from);

struct LaunchOptions {
  std::string executable;  // `mpibatch`, absolute
  StarterOptions starter;
};

// Starts `<executable> starter …` in a session of its own, without any of our descriptors. The
// caller is its parent: it must wait for it, or end.
Result<pid_t> launch_starter(const LaunchOptions& options);
// Why a starter that ended with kStarterFailed did; empty where it did not tell.
std::string failure_of_starter(const StarterOptions& options);

// A link to the node's starter; starts one if nobody listens. Blocks, at most `patience`.
Result<std::unique_ptr<transport::Link>> connect_or_launch(const LaunchOptions& options,
                                                           Duration patience = std::chrono::seconds{
                                                               10});

}  // namespace mpibatch::node
