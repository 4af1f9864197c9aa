// Ends a thread's wait for a child every few milliseconds, so that the wait itself needs neither a
// descriptor nor a time limit: those cost more than all else that is done for a short attempt.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <optional>

namespace mpibatch::node {

// The thread that makes it uses it, and has its signal (SIGRTMIN) blocked.
class Tick {
 public:
  Tick();
  ~Tick();
  Tick(const Tick&) = delete;
  Tick& operator=(const Tick&) = delete;

  bool works() const { return timer_.has_value(); }  // no: the kernel gives us no timer
  // Until the child has ended, which leaves it a zombie, or for some 4 ms; false: it still runs.
  // The clock ticks from the first wait on.
  bool wait_for(pid_t child);
  void stop();

 private:
  std::optional<timer_t> timer_;
  bool on_ = false;
};

}  // namespace mpibatch::node
