#include "node/main_exits.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cstring>
#include <string>

namespace mpibatch::node {

namespace {

constexpr int kKilledCode = 128 + SIGKILL;

Duration duration_of(const timeval& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

}  // namespace

model::AttemptEnd MainExits::end_of(const MainExit& exit) {
  model::AttemptEnd end;
  if (WIFSIGNALED(exit.status)) {
    end.kind = model::EndKind::Signaled;
    end.code = WTERMSIG(exit.status);
    end.reason = "killed by signal " + std::to_string(end.code) + ": " + ::strsignal(end.code);
  } else {
    end.code = WEXITSTATUS(exit.status);
  }
  end.usage.user = duration_of(exit.usage.ru_utime);
  end.usage.system = duration_of(exit.usage.ru_stime);
  end.usage.memory_max_kib = memory_of(exit);
  if (out_of_memory(exit)) {
    end.kind = model::EndKind::OutOfMemory;
    end.code = kKilledCode;
  }
  return end;
}

// An attempt is charged with our memory, in which it ran until it executed its program: less than
// that says nothing. Ours only grows, and is looked at only where it makes a difference.
std::uint64_t MainExits::memory_of(const MainExit& exit) {
  if (exit.usage.ru_maxrss <= own_memory_kib_) return 0;
  rusage ours{};
  ::getrusage(RUSAGE_SELF, &ours);
  own_memory_kib_ = ours.ru_maxrss;
  return exit.usage.ru_maxrss > own_memory_kib_ ? static_cast<std::uint64_t>(exit.usage.ru_maxrss)
                                                : 0;
}

// The kernel's SIGKILL, to its main process or to one whose shell passed that on. Other attempts
// share the counter: one that somebody else kills at the same moment is called the same.
bool MainExits::out_of_memory(const MainExit& exit) {
  const bool killed = WIFSIGNALED(exit.status) ? WTERMSIG(exit.status) == SIGKILL
                                               : WEXITSTATUS(exit.status) == kKilledCode;
  return killed && !exit.ended_by_us && oom_.read() > exit.oom_kills;
}

}  // namespace mpibatch::node
