// What a run's end tells: how many went well, what failed, grouped by reason, where, and what to type next.
#pragma once

#include <mpibatch/server/coordinator.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::cli {

// Reads the state folder as any reader does. `took`: since this life of the run began; 0: it had nothing to do.
void print_summary(const FileSystem& files, const store::StateFolder& folder, const server::RunResult& result,
                   Duration took);

}  // namespace mpibatch::cli
