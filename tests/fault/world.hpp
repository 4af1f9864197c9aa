// One simulated run, from a seed: a cluster, a plan, faults for a while, then peace until the run
// must have ended.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cluster.hpp"
#include "rank_zero.hpp"

namespace mpibatch::fault {

struct WorldOptions {
  bool verbose = false;
  // Nothing goes wrong but this, in a small plan on few nodes; fact 0: nothing at all.
  std::optional<Fate> fate;
};

class World {
 public:
  World(std::uint64_t seed, const WorldOptions& options);
  ~World();
  void run();  // throws Violation
  const Tally& tally() const { return cluster_.tally; }
  const Trace& trace() const { return cluster_.trace; }
  std::uint64_t steps() const { return steps_; }
  std::size_t lives() const { return lives_.size(); }
  std::uint64_t facts() const { return cluster_.history->wrote(); }

 private:
  void make_hosts();
  void make_nodes();
  void choose_settings();

  // ---- who keeps the run going
  void start_life();
  void life_gone(std::size_t which);
  void supervise();
  void release_all();
  void mind_holds();
  RankZero* newest() { return lives_.empty() ? nullptr : lives_.back().get(); }

  // ---- faults.cpp
  void choose_faults();
  void next_fault();
  void heal();
  void crash_rank_zero();
  void stop_rank_zero();
  void rival_life();
  void crash_agent();
  void stop_agent();
  void stop_host();
  void crash_starter();
  void stop_starter();
  void break_link();
  void cut_cable();
  void lose_power();
  void lose_power(Host& host);
  void lose_sight();
  void ghosts();
  void interrupt();
  void request();
  void break_chain(model::JobId job);
  void damage();
  void restore();
  void read_run();
  void compact();
  void fail_disk();
  void hang_disk();
  Node& any_node() { return *cluster_.random.pick(cluster_.nodes); }
  void mend(Node& node);
  void boot(Host& host);

  void post(store::Request request);
  void check_end();

  const WorldOptions options_;
  Cluster cluster_;
  std::vector<std::unique_ptr<RankZero>> lives_;
  using Fault = void (World::*)();
  std::vector<Fault> faults_;
  Duration pause_max_{0};
  Duration peace_at_{0};
  Duration end_at_{0};
  unsigned requests_ = 0;
  unsigned lives_in_peace_ = 0;
  unsigned reruns_left_ = 1;
  bool finished_ = false;
  bool supervising_ = false;
  std::uint64_t steps_ = 0;
};

}  // namespace mpibatch::fault
