#include <mpibatch/node/starter.hpp>

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/base/host.hpp>
#include <mpibatch/node/launch.hpp>
#include <mpibatch/topology/pin_claim.hpp>
#include <mpibatch/transport/unix_socket.hpp>

#include "node/environment.hpp"
#include "node/starter_loop.hpp"

namespace mpibatch::node {

namespace {

// Nothing of who started us: descriptors, terminal, signals, folder.
Result<UniqueFd> detach() {
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  ::setsid();  // fails where launch_starter() did it
  if (::chdir("/") != 0) return fail_errno("cannot enter '/'", errno);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t ends;
  ::sigemptyset(&ends);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::sigaddset(&ends, number);
  ::sigprocmask(SIG_SETMASK, &ends, nullptr);
  UniqueFd signals(::signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals) return fail_errno("cannot wait for signals", errno);
  return signals;
}

// Returns the exit code.
Result<int> work(const StarterOptions& options, const NodePaths& paths, int signals) {
  auto listener = transport::UnixListener::listen(paths.socket());
  if (!listener) return tl::unexpected(listener.error());
  auto predecessor = PredecessorCheck::make(paths.slots(), token_prefix(options.run, options.share),
                                            options.lease);
  if (!predecessor) return tl::unexpected(predecessor.error());
  auto allocation = topology::detect(
      {options.share, options.shares, options.cpus_per_node, options.launched_by_mpirun});
  if (!allocation) return tl::unexpected(allocation.error());
  // Held until we leave: a second run on these CPUs does not bind its attempts to them.
  std::optional<topology::PinClaim> claim;
  if (allocation->pinned) {
    if (auto taken = topology::PinClaim::take(options.run, allocation->cpus))
      topology::yield_cpus(*allocation, claim.emplace(std::move(*taken)));
  }
  ::unlink(paths.failure().c_str());

  PosixFileSystem files;
  StarterLoop loop(options, {files, paths, std::move(*listener), std::move(*predecessor),
                             std::move(*allocation), signals});
  loop.run();
  // A thread that hangs cannot be waited for.
  if (!loop.finish()) ::_exit(kStarterLeft);
  return kStarterLeft;
}

void tell_failure(const NodePaths& paths, const Error& error) {
  UniqueFd file(::open(paths.failure().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file && ::write(file.get(), error.message.data(), error.message.size()) < 0)
    ::unlink(paths.failure().c_str());
}

}  // namespace

int run_starter(const StarterOptions& options) {
  const auto signals = detach();
  if (!signals) return kStarterFailed;
  const auto folder = node_folder(options.run, options.share);
  if (!folder) return kStarterFailed;  // whoever started us sees the same
  const NodePaths paths{*folder};
  const auto lock = lock_node_folder(paths);
  if (!lock && lock.error().kind == ErrorKind::Busy) return kStarterIsThere;
  const Result<int> code =
      lock ? work(options, paths, signals->get()) : tl::unexpected(lock.error());
  if (code) return *code;
  tell_failure(paths, code.error());
  return kStarterFailed;
}

}  // namespace mpibatch::node
