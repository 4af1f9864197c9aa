#include "cli/run_orders.hpp"

#include <mpibatch/base/layout.hpp>
#include <mpibatch/transport/mpi_world.hpp>

#include "cli/run_world.hpp"

namespace mpibatch::cli {

void give_orders(transport::MpiWorld* world, const Orders& orders) {
  if (world != nullptr) world->broadcast(to_layout(orders));
}

Orders take_orders(transport::MpiWorld& world) {
  Orders orders;
  if (!from_layout(world.broadcast({}), orders)) return {};
  return orders;
}

node::LaunchOptions launch_options(const Orders& orders, const transport::MpiWorld* world) {
  node::LaunchOptions launch;
  launch.executable = mpibatch_executable();
  launch.starter.run = orders.run;
  launch.starter.state_folder = orders.state_folder;
  launch.starter.cpus_per_node = orders.cpus_per_node;
  launch.starter.lease = orders.lease;
  if (world != nullptr) {
    launch.starter.share = static_cast<std::uint32_t>(world->local_rank());
    launch.starter.shares = static_cast<std::uint32_t>(world->local_size());
  }
  launch.starter.launched_by_mpirun = started_as_rank();
  return launch;
}

}  // namespace mpibatch::cli
