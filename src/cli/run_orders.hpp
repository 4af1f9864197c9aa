// What rank 0 tells the other ranks before they start: the one collective call of a run.
#pragma once

#include <optional>
#include <string>

#include <mpibatch/base/time.hpp>
#include <mpibatch/node/launch.hpp>

namespace mpibatch::transport {
class MpiWorld;
}

namespace mpibatch::cli {

struct Orders {
  bool go = false;  // false: nothing to do, leave
  std::string run;
  std::string state_folder;
  std::optional<std::uint32_t> cpus_per_node;
  Duration lease{0};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& go& run& state_folder& cpus_per_node& lease;
  }
};

void give_orders(transport::MpiWorld* world, const Orders& orders);  // rank 0; none without a world
Orders take_orders(transport::MpiWorld& world);                      // every other rank

// How this rank's starter is to be launched.
node::LaunchOptions launch_options(const Orders& orders, const transport::MpiWorld* world);

}  // namespace mpibatch::cli
