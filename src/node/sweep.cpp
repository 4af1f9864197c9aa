#include "node/sweep.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <mpibatch/base/clock.hpp>

#include "node/proc.hpp"

namespace mpibatch::node {

namespace {

// /proc counts a start in ticks; the table has the moment before.
bool started_then(const ProcessInfo& process, const SlotTable::Slot& slot) {
  const long long ticks_per_second = ::sysconf(_SC_CLK_TCK);
  const long long recorded = slot.boot_us * ticks_per_second / 1'000'000;
  const auto started = static_cast<long long>(process.start_ticks);
  // The stretch between the two is a suspended vfork at most.
  return started >= recorded - 1 && started <= recorded + ticks_per_second;
}

int kill_recorded(const SlotTable::Previous& previous) {
  if (previous.used.empty()) return 0;
  int alive = 0;
  for (const int pid : all_processes()) {
    const auto process = read_process(pid);
    if (!process || process->ended() || pid == ::getpid()) continue;
    const auto slot =
        std::find_if(previous.used.begin(), previous.used.end(),
                     [&](const SlotTable::Slot& used) { return used.pid == process->group; });
    if (slot == previous.used.end()) continue;
    // A group's number is not given out again while the group has a member; so where its first
    // process is another one than recorded, the recorded group is gone.
    const auto leader = pid == slot->pid ? process : read_process(slot->pid);
    if (leader && !started_then(*leader, *slot)) continue;
    ++alive;
    ::kill(pid, SIGKILL);
  }
  return alive;
}

}  // namespace

bool sweep(const SlotTable::Previous& previous, const std::string& token_prefix,
           Duration patience) {
  const SystemClock clock;
  const Duration end = clock.awake() + patience;
  Duration pause{500};
  while (true) {
    // Twice nothing: between two looks no process can have passed its token on unseen.
    const int alive = kill_recorded(previous) + kill_by_token(token_prefix);
    if (alive == 0 && kill_by_token(token_prefix) == 0) return true;
    if (clock.awake() > end) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min<Duration>(pause * 2, std::chrono::milliseconds{50});
  }
}

}  // namespace mpibatch::node
