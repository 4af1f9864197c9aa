// Keeps a link to the starter of this host: connects, starts one that is missing, KILLs one that is
// silent for a third of its lease, and never blocks. Rank 0 uses it for its own host, an agent for
// its node. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <mpibatch/base/time.hpp>
#include <mpibatch/node/launch.hpp>
#include <mpibatch/transport/link.hpp>

namespace mpibatch::node {

class StarterPort {
 public:
  // `may_launch` false: only one that runs already (a share that no longer exists).
  StarterPort(LaunchOptions options, bool may_launch);
  ~StarterPort();
  StarterPort(const StarterPort&) = delete;
  StarterPort& operator=(const StarterPort&) = delete;

  void step(Duration boot);  // CLOCK_BOOTTIME; call it in every turn of the loop
  // Null: none at the moment. Lives until step() finds it closed: then links_made() changes later.
  transport::Link* link();
  std::uint64_t links_made() const;  // a new link needs an Attach
  int wait_ms_max() const;           // -1: nothing to do until the link is ready
  // Why there is no starter, after several tries; empty: none needed, or still trying.
  const std::string& failure() const;
  bool left() const;  // the starter went away in order, and is not started again

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mpibatch::node
