// What every reading command starts from: the run's state and who drives it, with no rank 0, from
// any host, during a run and after it.
#pragma once

#include <cstdint>
#include <optional>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/store/attempts.hpp>
#include <mpibatch/store/fold.hpp>
#include <mpibatch/store/owner.hpp>

namespace mpibatch::store {

struct RunView {
  Fold state;
  std::optional<OwnerRecord> owner;
  // As judged from this host. Unknown: on another host; alive if `counter` rises within 5 s.
  OwnerState owner_state = OwnerState::Gone;
  std::uint64_t counter = 0;

  const scheduler::Scheduler& scheduler() const { return state.scheduler; }
};

// Who this process is, for judge() and claim(): host, boot, PID namespace, pid, start time.
OwnerRecord this_process();
// For judge(): 0 for a process that is gone, be it a zombie that nobody has collected.
std::uint64_t start_ticks_of(std::int64_t pid);

// NotFound, with what to do, if the folder holds no run.
Result<RunView> read_run(const FileSystem& files, const StateFolder& folder);

}  // namespace mpibatch::store
