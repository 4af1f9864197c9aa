// The parts of `mpibatch simulate`: what its options mean, what a former run teaches, what it
// prints.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/plan.hpp>
#include <mpibatch/sim/simulate.hpp>

namespace mpibatch::cli {

struct SimulateOptions {
  std::string plan;
  std::vector<std::string> nodes;  // counts, or N:CPUS:MIB[:GPUS][:FEATURE,…], or HOSTS:…
  std::uint32_t cpus = 0;
  std::uint64_t memory_mib = 0;
  std::uint32_t gpus = 0;
  std::uint64_t seed = 1;
  std::string learn;              // a state folder
  std::vector<std::string> lose;  // NODE@SECONDS
  double loss_rate = 0;           // a node and hour
  std::string back_after;         // seconds
  std::string walltime;           // as parse_walltime() takes it
  std::vector<std::uint32_t> sweep;
  bool json = false;
};

inline constexpr std::uint32_t kSimulatedNodesMax = 100'000;

// All but the learned durations. Usage names the option that is wrong.
Result<sim::Setup> simulate_setup(const SimulateOptions& options);
// As many nodes of the one shape that --sweep needs.
Result<std::vector<sim::NodeSpec>> simulate_nodes(const SimulateOptions& options,
                                                  std::uint32_t count);

// What the attempts that succeeded in the run of a state folder took, by the plan's jobs and keys.
Result<std::map<std::string, sim::LearnedJob>> learn_durations(const FileSystem& files,
                                                               const std::string& state,
                                                               const model::Plan& plan);

struct Simulated {
  std::size_t nodes = 0;
  std::uint64_t vcpus = 0;
  std::optional<Duration> walltime;
  std::size_t learned = 0;  // jobs whose durations are a former run's
  Duration elapsed{0};      // what the simulation itself took
  sim::Report report;
};

std::string simulate_text(const std::string& source, const model::Plan& plan,
                          const Simulated& simulated);
std::string sweep_text(const std::string& source, const std::vector<Simulated>& sweep);
std::string simulate_json(const std::string& source, const model::Plan& plan,
                          const Simulated& simulated);
std::string sweep_json(const std::string& source, const std::vector<Simulated>& sweep);

// Of what the first took times its nodes, as a part of what this one takes times its nodes.
double sweep_efficiency(const Simulated& first, const Simulated& one);

}  // namespace mpibatch::cli
