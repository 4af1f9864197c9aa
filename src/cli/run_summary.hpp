// What a run's end tells: how many went well, what failed, grouped by reason, where, and what to
// type next.
#pragma once

#include <string>

#include <mpibatch/server/coordinator.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::cli {

struct SummaryContext {
  Duration took{0};        // since this life of the run began; 0: it had nothing to do
  std::string again;       // the command that goes on
  bool rehearsal = false;  // --only: the rest was not to be run
};

// Reads the state folder as any reader does; writes to standard error.
void print_summary(const FileSystem& files, const store::StateFolder& folder,
                   const server::RunResult& result, const SummaryContext& context);

}  // namespace mpibatch::cli
