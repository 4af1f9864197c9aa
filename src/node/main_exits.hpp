// What main processes' exits mean as ends of attempts: exit code or signal, usage, and whether the
// kernel killed for lack of memory.
#pragma once

#include <sys/resource.h>

#include <cstdint>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/attempt.hpp>
#include <mpibatch/topology/oom_counter.hpp>

namespace mpibatch::node {

struct MainExit {
  std::uint64_t oom_kills = 0;  // counted when it was started
  bool ended_by_us = false;     // KILL was sent while it ran
  int status = 0;               // of wait4
  rusage usage{};
};

// One thread uses it.
class MainExits {
 public:
  // For a MainExit, of what starts at this time of CLOCK_MONOTONIC.
  std::uint64_t oom_kills(Duration awake) { return oom_.recent(awake); }
  model::AttemptEnd end_of(const MainExit& exit);

 private:
  std::uint64_t memory_of(const MainExit& exit);  // KiB; 0: unknown
  bool out_of_memory(const MainExit& exit);

  topology::OomCounter oom_;
  std::int64_t own_memory_kib_ = 0;  // the most so far, as last seen
};

}  // namespace mpibatch::node
