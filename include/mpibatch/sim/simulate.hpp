// A plan on a virtual cluster in virtual time: rank 0's own coordinator and core, with starters
// that start nothing and end when their children's durations are over. Reads no file and no clock;
// the same plan and setup give the same report.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/time.hpp>
#include <mpibatch/model/plan.hpp>
#include <mpibatch/scheduler/scheduler.hpp>
#include <mpibatch/server/coordinator.hpp>

namespace mpibatch::sim {

struct NodeSpec {
  std::string host;  // unique
  model::Resources capacity;
  std::vector<std::string> features;
};

// A node vanishes with all that it runs.
struct Loss {
  std::string host;
  Duration at{0};  // after the run's start
};

// What attempts took in a former run.
struct LearnedJob {
  Duration mean{0};            // of an attempt; 0: unknown
  std::vector<float> seconds;  // of each child; 0: unknown; empty: of all
};

struct Setup {
  std::vector<NodeSpec> nodes;
  std::uint64_t seed = 1;  // of drawn durations, and of losses
  std::vector<Loss> losses;
  double losses_per_node_hour = 0;
  std::optional<Duration> back_after;         // lost nodes come back; none: never
  std::optional<Duration> walltime;           // the allocation's
  std::map<std::string, LearnedJob> learned;  // by job name; goes over `expectedSeconds`
};

// Quantiles within 1 %.
struct Distribution {
  std::uint64_t count = 0;
  double mean = 0;
  double median = 0;
  double p95 = 0;
  double max = 0;
};

struct QueueReport {
  std::string name;
  // Of children that ended: seconds from when nothing but room was lacking to the start.
  Distribution waiting;
  Distribution slowdown;  // bounded: (waiting + time) / max(time, 10 s), at least 1
};

// A link of the longest chain of work that waits for other work.
struct PathStep {
  std::uint32_t job = 0;                   // of the plan, in order
  std::optional<model::ChildIndex> child;  // of an array
  Duration start{0};                       // with nodes for everything
  Duration takes{0};
};

struct LowerBound {
  Duration critical_path{0};
  Duration work{0};            // over capacity: of CPUs, memory or GPUs, whichever is scarcest
  std::vector<PathStep> path;  // in time's order
  Duration value() const { return critical_path > work ? critical_path : work; }
};

// Busy CPUs over time, in steps of equal length.
struct Load {
  Duration step{0};
  std::vector<double> busy;
  std::uint64_t capacity = 0;  // of all nodes
};

struct Report {
  Duration makespan{0};  // when the last attempt ended
  LowerBound bound;
  double utilisation = 0;  // of the CPUs of the nodes that were there
  QueueReport all;
  std::vector<QueueReport> queues;  // the plan's
  Load load;
  scheduler::Counts counts;
  bool fits = false;  // all of it succeeded, or was not needed
  // Else: what failed, or did not fit, and why.
  std::vector<std::string> reasons;
  std::vector<std::string> notes;  // what rank 0 told
  std::uint64_t attempts = 0;
  std::uint64_t attempts_lost = 0;  // with their nodes
  std::uint64_t nodes_lost = 0;
};

// Usage where the setup cannot be: no node, a loss of an unknown one.
Result<Report> simulate(model::Plan plan, const Setup& setup);

}  // namespace mpibatch::sim
