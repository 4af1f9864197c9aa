#include "node/tick.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

namespace mpibatch::node {

namespace {

constexpr std::chrono::nanoseconds kEvery = std::chrono::milliseconds{4};

itimerspec every(std::chrono::nanoseconds time) {
  const timespec spec{0, static_cast<long>(time.count())};
  return {spec, spec};
}

sigset_t signal_set() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGRTMIN);
  return set;
}

}  // namespace

Tick::Tick() {
  struct sigaction action {};
  action.sa_handler = [](int) {};  // no SA_RESTART: the wait is to end
  ::sigaction(SIGRTMIN, &action, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGRTMIN;
  event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
  timer_t timer{};
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) timer_ = timer;
}

Tick::~Tick() {
  if (timer_) ::timer_delete(*timer_);
}

bool Tick::wait_for(pid_t child) {
  if (!on_) {
    const itimerspec times = every(kEvery);
    ::timer_settime(*timer_, 0, &times, nullptr);
    on_ = true;
  }
  // A tick that comes before the wait is lost; the next one ends it.
  const sigset_t signal = signal_set();
  ::pthread_sigmask(SIG_UNBLOCK, &signal, nullptr);
  siginfo_t info{};
  const int waited = ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  ::pthread_sigmask(SIG_BLOCK, &signal, nullptr);
  return waited == 0;
}

void Tick::stop() {
  if (!on_) return;
  const itimerspec never{};
  ::timer_settime(*timer_, 0, &never, nullptr);
  on_ = false;
}

}  // namespace mpibatch::node
