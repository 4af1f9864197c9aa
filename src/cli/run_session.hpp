// One life of a run: open its state, adopt the plan, drive the nodes until it ends, tell how it
// went.
#pragma once

#include <mpibatch/plan/load.hpp>

#include "cli/command.hpp"
#include "cli/run_options.hpp"

namespace mpibatch::cli {

// Rank 0, or the only process. Returns the exit code.
int run_rank_0(const RunOptions& options, const plan::LoadedPlan& loaded, Context& context);

// Any other rank: relays for its node until rank 0 ends the run.
int run_agent_rank(Context& context);

// Tells the other ranks that there is nothing to do; none without a world.
void dismiss_world(Context& context);

}  // namespace mpibatch::cli
