// Builders that say only what matters of a job and of a plan.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/model/fact.hpp>
#include <mpibatch/model/plan.hpp>

namespace mpibatch::testing {

// One parameter, `sample`; its values are the children's keys.
class KeyTable final : public model::ParameterTable {
 public:
  explicit KeyTable(std::vector<std::string> keys) : keys_(std::move(keys)) {}
  model::ChildIndex rows() const override { return static_cast<model::ChildIndex>(keys_.size()); }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(model::ChildIndex row) const override { return {keys_.at(row)}; }

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> names_{"sample"};
};

struct JobBuilder {
  struct Edge {
    std::string job;
    model::DependencyType type = model::DependencyType::All;
    model::ChildIndex child = model::kAllChildren;
    std::uint32_t match = model::kNoMatch;
  };
  struct Use {
    std::string consumable;
    std::uint64_t quantity = 1;
  };
  model::JobSpec spec;
  std::string queue_name;  // empty: the plan's first
  std::vector<Edge> edges;
  std::vector<Use> uses;
  std::vector<std::string> key_list;  // empty: the index

  // Not here: every test would compile them.
  explicit JobBuilder(std::string name);
  JobBuilder(const JobBuilder&);
  JobBuilder(JobBuilder&&) noexcept;
  JobBuilder& operator=(const JobBuilder&);
  JobBuilder& operator=(JobBuilder&&) noexcept;
  ~JobBuilder();

  JobBuilder& array(model::ChildIndex size) {
    spec.array = true;
    spec.size = size;
    return *this;
  }
  JobBuilder& keys(std::vector<std::string> keys) {
    key_list = std::move(keys);
    return array(static_cast<model::ChildIndex>(key_list.size()));
  }
  JobBuilder& vcpus(std::uint32_t count) {
    spec.resources.vcpus = count;
    return *this;
  }
  JobBuilder& memory(std::uint64_t mib) {
    spec.resources.memory_mib = mib;
    return *this;
  }
  JobBuilder& queue(std::string name) {
    queue_name = std::move(name);
    return *this;
  }
  JobBuilder& after(std::string job) {
    edges.push_back({std::move(job)});
    return *this;
  }
  JobBuilder& n_to_n(std::string job) {
    edges.push_back({std::move(job), model::DependencyType::NToN});
    return *this;
  }
  JobBuilder& after_child(std::string job, model::ChildIndex child,
                          model::DependencyType type = model::DependencyType::All) {
    edges.push_back({std::move(job), type, child});
    return *this;
  }
  JobBuilder& after_any(std::string job) {
    edges.push_back({std::move(job), model::DependencyType::AfterAny});
    return *this;
  }
  JobBuilder& after_failure(std::string job) {
    edges.push_back({std::move(job), model::DependencyType::AfterFailure});
    return *this;
  }
  JobBuilder& match(std::string job, model::MatchGroups groups) {
    edges.push_back({std::move(job), model::DependencyType::Match, model::kAllChildren,
                     static_cast<std::uint32_t>(spec.matches.size())});
    spec.matches.push_back(std::move(groups));
    return *this;
  }
  JobBuilder& sequential() {
    edges.push_back({spec.name, model::DependencyType::Sequential});
    return *this;
  }
  JobBuilder& attempts(std::uint32_t count) {
    spec.retry.attempts = count;
    return *this;
  }
  JobBuilder& gpus(std::uint32_t count) {
    spec.resources.gpus = count;
    return *this;
  }
  JobBuilder& memory_times(double multiplier, std::uint64_t most_mib = 0) {
    spec.retry.memory_multiplier = multiplier;
    spec.retry.memory_max_mib = most_mib;
    return *this;
  }
  JobBuilder& priority(std::uint32_t number) {
    spec.priority = number;
    return *this;
  }
  JobBuilder& share(std::string name) {
    spec.share = std::move(name);
    return *this;
  }
  JobBuilder& on(std::string feature) {
    spec.constraints.push_back(std::move(feature));
    return *this;
  }
  JobBuilder& takes(std::string consumable, std::uint64_t quantity = 1) {
    uses.push_back({std::move(consumable), quantity});
    return *this;
  }
  JobBuilder& max_concurrent(std::uint64_t count) {
    spec.max_concurrent = count;
    return *this;
  }
  JobBuilder& max_failures(std::uint64_t count) {
    spec.max_failures = count;
    return *this;
  }
  JobBuilder& not_before(Duration after) {
    spec.not_before = after;
    return *this;
  }
  JobBuilder& expected(Duration mean) {
    spec.expected = mean;
    return *this;
  }
  // Members that all ask for the same; see spec.gang for others.
  JobBuilder& gang(std::uint32_t nodes, model::Resources each) {
    spec.gang = model::Gang{nodes, 0, {{0, nodes, each}}, true, false};
    spec.resources = each;
    return *this;
  }
  JobBuilder& rule(model::RetryRule rule) {
    spec.retry.rules.push_back(std::move(rule));
    return *this;
  }
  std::string key(model::ChildIndex child) const {
    return key_list.empty() ? std::to_string(child) : key_list.at(child);
  }
};

struct PlanBuilder {
  std::vector<model::Queue> queues;  // empty: one, `default`
  std::vector<JobBuilder> jobs;
  std::vector<model::ComputeEnvironment> environments = {};
  std::vector<model::FairSharePolicy> policies = {};
  std::vector<model::Consumable> consumables = {};
  std::optional<std::uint64_t> max_failures = {};
  ~PlanBuilder();
};

// What a run has adopted so far: the fact of the newest plan, and its jobs by run-wide id.
struct Adopted {
  PlanBuilder plan;
  model::PlanAdopted fact;
  std::map<std::string, model::JobId> ids;  // of every job that ever was
  std::map<model::JobId, model::PlannedJob> jobs;
};

Adopted adopt(PlanBuilder plan, const Adopted& before = {});

}  // namespace mpibatch::testing
