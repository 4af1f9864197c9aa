#include "support/job_builder.hpp"

#include <algorithm>
#include <stdexcept>

namespace mpibatch::testing {

JobBuilder::JobBuilder(std::string name) { spec.name = std::move(name); }
JobBuilder::JobBuilder(const JobBuilder&) = default;
JobBuilder::JobBuilder(JobBuilder&&) noexcept = default;
JobBuilder& JobBuilder::operator=(const JobBuilder&) = default;
JobBuilder& JobBuilder::operator=(JobBuilder&&) noexcept = default;
JobBuilder::~JobBuilder() = default;

PlanBuilder::~PlanBuilder() = default;

namespace {

// Children with the same key stay the same children.
std::vector<model::Move> moves_between(const JobBuilder& before, const JobBuilder& now) {
  std::map<std::string, model::ChildIndex> old;
  for (model::ChildIndex i = 0; i < before.spec.size; ++i) old[before.key(i)] = i;
  std::vector<model::Move> moves;
  for (model::ChildIndex to = 0; to < now.spec.size; ++to) {
    const auto from = old.find(now.key(to));
    if (from == old.end()) continue;
    const bool follows = !moves.empty() && from->second == moves.back().from + moves.back().count &&
                         to == moves.back().to + moves.back().count;
    if (follows) {
      ++moves.back().count;
    } else {
      moves.push_back({from->second, to, 1});
    }
  }
  return moves;
}

model::PlannedJob planned(const JobBuilder& job, const model::JobSpec& spec,
                          const std::string& queue) {
  model::PlannedJob planned;
  planned.spec = spec;
  planned.execution.name = spec.name;
  planned.execution.queue = queue;
  planned.execution.array = spec.array;
  planned.execution.size = spec.size;
  planned.execution.command = {"run", spec.name};
  planned.execution.resources = spec.resources;
  if (!job.key_list.empty()) {
    planned.execution.parameter_names = {"sample"};
    planned.parameters = std::make_shared<KeyTable>(job.key_list);
  }
  return planned;
}

}  // namespace

Adopted adopt(PlanBuilder plan, const Adopted& before) {
  if (plan.queues.empty()) plan.queues.push_back({"default", 1});
  Adopted next;
  next.ids = before.ids;
  next.fact.revision = model::Revision{model::number_of(before.fact.revision) + 1};
  next.fact.rules = {plan.queues, plan.environments, plan.policies, plan.consumables,
                     plan.max_failures};
  for (const JobBuilder& job : plan.jobs)
    next.ids.try_emplace(job.spec.name, model::JobId{static_cast<std::uint32_t>(next.ids.size())});
  for (const JobBuilder& job : plan.jobs) {
    model::AdoptedJob adopted{next.ids.at(job.spec.name), job.spec, {}};
    const auto queue = std::find_if(plan.queues.begin(), plan.queues.end(), [&](const auto& each) {
      return job.queue_name.empty() || each.name == job.queue_name;
    });
    if (queue == plan.queues.end()) throw std::invalid_argument("no queue " + job.queue_name);
    adopted.spec.queue = static_cast<std::uint32_t>(queue - plan.queues.begin());
    for (const JobBuilder::Edge& edge : job.edges)
      adopted.spec.depends_on.push_back({next.ids.at(edge.job), edge.type, edge.child, edge.match});
    for (const JobBuilder::Use& use : job.uses) {
      const auto found =
          std::find_if(plan.consumables.begin(), plan.consumables.end(),
                       [&](const auto& each) { return each.name == use.consumable; });
      if (found == plan.consumables.end())
        throw std::invalid_argument("no consumable " + use.consumable);
      adopted.spec.consumables.push_back(
          {static_cast<std::uint32_t>(found - plan.consumables.begin()), use.quantity});
    }
    for (const JobBuilder& old : before.plan.jobs)
      if (old.spec.name == job.spec.name) adopted.kept = moves_between(old, job);
    next.jobs[adopted.id] = planned(job, adopted.spec, queue->name);
    next.fact.jobs.push_back(std::move(adopted));
  }
  next.plan = std::move(plan);
  return next;
}

}  // namespace mpibatch::testing
