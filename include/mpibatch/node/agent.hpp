// The agent: what every rank but 0 does. Relays whole messages between rank 0 and the starter of
// its node, and keeps nothing but the last Attach: a starter that it had to start anew is attached
// with it (instance 0), so that rank 0 learns of the new one from its Hello.
#pragma once

#include <mpibatch/base/time.hpp>
#include <mpibatch/node/launch.hpp>
#include <mpibatch/transport/link.hpp>

namespace mpibatch::node {

// Until rank 0 has said Leave and the starter has gone (0), or the link to rank 0 has closed (1).
int run_agent(const LaunchOptions& options, transport::Link& rank_0);

}  // namespace mpibatch::node
