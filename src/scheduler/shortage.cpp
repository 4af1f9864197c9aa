// Why nothing goes on: in words, with numbers.
#include <fmt/format.h>

#include <algorithm>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

struct Largest {
  std::uint32_t vcpus = 0;
  std::uint64_t memory_mib = 0;
  std::size_t nodes = 0;
};

bool serves(const NodeState& node) { return node.present && node.open; }

Largest largest(const Scheduler::State& state) {
  Largest most;
  for (const NodeState& node : state.nodes) {
    if (!serves(node)) continue;
    ++most.nodes;
    most.vcpus = std::max(most.vcpus, node.capacity.vcpus);
    most.memory_mib = std::max(most.memory_mib, node.capacity.memory_mib);
  }
  return most;
}

// Empty where some node has what is asked for.
std::string shortage(const Scheduler::State& state, const model::JobSpec& job,
                     const Largest& most) {
  const model::Resources& asked = job.resources;
  for (const NodeState& node : state.nodes)
    if (serves(node) && asked.vcpus <= node.capacity.vcpus &&
        asked.memory_mib <= node.capacity.memory_mib)
      return {};
  if (most.nodes == 0) return fmt::format("job '{}' has no node to run on", job.name);
  if (asked.vcpus > most.vcpus)
    return fmt::format("job '{}' needs {} vCPUs on one node; the largest of {} has {}", job.name,
                       asked.vcpus, most.nodes, most.vcpus);
  if (asked.memory_mib > most.memory_mib)
    return fmt::format("job '{}' needs {} MiB on one node; the largest of {} has {} MiB", job.name,
                       asked.memory_mib, most.nodes, most.memory_mib);
  return fmt::format("job '{}' needs {} vCPUs and {} MiB together; no node has both", job.name,
                     asked.vcpus, asked.memory_mib);
}

}  // namespace

std::vector<std::string> Scheduler::unsatisfiable() const {
  std::vector<std::string> lines;
  const Largest most = largest(*state_);
  for (const JobState& job : state_->jobs) {
    if (!job.in_plan || job.counts.terminal() == job.spec.size) continue;
    if (std::string line = shortage(*state_, job.spec, most); !line.empty()) lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> Scheduler::stuck() const {
  if (state_->unfinished == 0 || !state_->grants.empty()) return {};
  const Largest most = largest(*state_);
  std::vector<std::string> lines;
  for (const ReadyKey& key : state_->ready) {
    std::string line = shortage(*state_, state_->job(std::get<JobId>(key)).spec, most);
    if (line.empty()) return {};
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace mpibatch::scheduler
