// Rank 0's ways to its nodes: the starter of its own host over a unix socket, the others through
// their agents, and shares of its host that an earlier, larger world left behind.
#pragma once

#include <memory>
#include <vector>

#include <mpibatch/scheduler/scheduler.hpp>
#include <mpibatch/server/run_loop.hpp>

#include "cli/run_orders.hpp"

namespace mpibatch::cli {

std::vector<std::unique_ptr<server::NodePort>> make_ports(const Orders& orders,
                                                          transport::MpiWorld* world,
                                                          const scheduler::Scheduler& core);

}  // namespace mpibatch::cli
