// Makes one process as cheaply as the kernel can: a child that shares our memory and runs while we
// wait (vfork), so that it must not allocate, and everything it needs is made before. One thread
// uses it: the child dies with the thread that made it.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/protocol/frames.hpp>

#include "node/command.hpp"

namespace mpibatch::node {

struct SpawnRequest {
  Command command;
  std::vector<std::string> environment;  // NAME=value
  const std::vector<std::string>* more_environment = nullptr;
  std::string folder;
  int stdout_fd = -1;
  int stderr_fd = -1;
  std::vector<std::uint32_t> cpus;            // empty: those that this thread may use
  volatile std::int32_t* pid_slot = nullptr;  // the child writes its pid there first
  bool with_pidfd = true;
};

struct Child {
  pid_t pid = 0;
  UniqueFd process;  // a pidfd, where one was asked for: readable once it has ended
};

// Of a child that nobody has reaped. Empty, and errno: there is none to be had.
UniqueFd open_pidfd(pid_t child);
// No: the kernel, or who filters its calls, knows them at a start alone.
bool can_open_pidfds();

class Spawner {
 public:
  Spawner();
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // Of all processes from now on. A hard limit above ours is lowered to it.
  void set_surroundings(std::uint32_t umask, const std::vector<protocol::Limit>& limits);

  // The child leads a process group of its own, reads /dev/null, has no other descriptor, no
  // blocked or ignored signal, and dies with this thread. This thread is bound to the request's
  // CPUs from now on: the child inherits that, and need not move to them. What signals it lets
  // through have no handlers: those would run in the child while it is in our memory.
  tl::expected<Child, StartFailure> spawn(const SpawnRequest& request, const std::string& host);

 private:
  const pid_t self_;
  void* stack_ = nullptr;
  std::vector<std::uint32_t> cpus_;  // that this thread is bound to; empty: none yet
  UniqueFd null_;
  std::vector<int> ignored_;  // signals that this process ignores
  mode_t umask_ = 022;
  std::vector<protocol::Limit> limits_;  // those that differ from ours
};

}  // namespace mpibatch::node
