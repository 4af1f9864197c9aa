// The core alone, played to the end: nodes that start what they are granted and end it, and a watch
// that runs while the core works and stands still while the nodes do.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include <mpibatch/scheduler/scheduler.hpp>
#include "bench/cpu_watch.hpp"

namespace mpibatch::bench {

struct ClusterSize {
  std::uint32_t nodes = 1;
  std::uint32_t cpus = 1;  // of each
};

class CoreRun {
 public:
  using Witness = std::function<void(const model::Fact&)>;

  // Adopts the plan and joins the nodes; the plan is freed by then. `witness` hears of every fact.
  CoreRun(model::PlanAdopted plan, const ClusterSize& cluster, Witness witness = nullptr);

  // Everything that runs ends at once, again and again: one report a node, then one decision.
  void play_in_rounds();
  // What runs ends one by one, in random order: one report and one decision each.
  void play_one_by_one();
  // Every so-many-th end is a failure; 0: none.
  void fail_every(std::uint64_t ends) { fail_every_ = ends; }

  const scheduler::Scheduler& core() const { return core_; }
  double seconds() const { return watch_.seconds(); }
  double adoption_seconds() const { return adoption_.seconds(); }
  std::uint64_t adoption_peak_bytes() const { return adoption_peak_; }  // over the plan's own
  std::uint64_t ended() const { return ended_; }
  void forget_nodes();  // what this has of its own on the heap

 private:
  struct Piece {  // of a grant, not started
    model::GrantId grant;
    model::JobId job{};
    model::Range children;
  };
  struct Node {
    std::uint32_t free = 0;  // CPUs
    std::deque<Piece> backlog;
    std::vector<Piece> running;
  };

  void witness(const model::Fact& fact) const {
    if (witness_) witness_(fact);
  }
  void happen(const scheduler::Event& event);
  void take(const std::vector<model::Fact>& facts);
  // Starts what fits; the events that say so.
  void start(std::uint32_t node, std::vector<scheduler::Event>& events);
  void end(scheduler::AttemptsEnded& event, const Piece& piece);
  void start_everywhere();

  const Witness witness_;
  scheduler::Scheduler core_;
  std::vector<Node> nodes_;
  std::uint32_t cpus_ = 0;
  Instant now_{std::chrono::hours(1)};
  CpuWatch watch_;
  CpuWatch adoption_;
  std::uint64_t adoption_peak_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t fail_every_ = 0;
};

}  // namespace mpibatch::bench
