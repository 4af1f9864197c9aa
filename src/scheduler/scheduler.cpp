#include <mpibatch/scheduler/scheduler.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <mpibatch/base/check.hpp>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

std::uint64_t Counts::total() const {
  return std::accumulate(of.begin(), of.end(), std::uint64_t{0});
}

std::uint64_t Counts::terminal() const {
  const Counts& counts = *this;
  return counts[ChildState::Succeeded] + counts[ChildState::Failed] +
         counts[ChildState::DependencyFailed] + counts[ChildState::Cancelled] +
         counts[ChildState::Skipped];
}

std::uint64_t Counts::good() const {
  return (*this)[ChildState::Succeeded] + (*this)[ChildState::Skipped];
}

Scheduler::Scheduler() : state_(std::make_unique<State>()) {}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;
Scheduler& Scheduler::operator=(Scheduler&&) noexcept = default;

void Scheduler::set_open(NodeId node, bool open) {
  MPIBATCH_CHECK(state_->known(node));
  NodeState& of = state_->node(node);
  if (of.open == open) return;
  of.open = open;
  ++state_->nodes_changed;
  state_->touch(node);
}

void Scheduler::set_grants_after(bool known) {
  state_->grants_after = known;
  state_->chains.clear();
  if (!known) return;
  for (const auto& [id, grant] : state_->grants) state_->chains.insert(id);
}

void Scheduler::set_allocation(Instant begin, Instant end) { state_->allocation = {begin, end}; }

const model::EpochBegan& Scheduler::epoch() const { return state_->epoch; }

model::Revision Scheduler::revision() const { return state_->revision; }

std::size_t Scheduler::job_count() const { return state_->jobs.size(); }

bool Scheduler::in_plan(JobId job) const { return state_->known(job) && state_->job(job).in_plan; }

model::JobSpec Scheduler::spec(JobId id) const {
  const JobState& job = state_->job(id);
  model::JobSpec spec = state_->kind(job);
  spec.name = name(id);
  spec.size = job.size;
  spec.digest = job.digest;
  state_->edges.awaited_by(id, [&](const Edges::Edge& edge) {
    model::Dependency& dependency = spec.depends_on.emplace_back();
    dependency = {edge.job, edge.type, edge.child, model::kNoMatch};
    if (edge.type != model::DependencyType::Match) return;
    dependency.match = static_cast<std::uint32_t>(spec.matches.size());
    spec.matches.push_back(state_->matches[edge.match].groups);
  });
  return spec;
}

std::string_view Scheduler::name(JobId job) const { return state_->names.name(job); }

ChildIndex Scheduler::size(JobId job) const { return state_->job(job).size; }

bool Scheduler::array(JobId job) const { return state_->array(state_->job(job)); }

ChildState Scheduler::state(JobId job, ChildIndex child) const {
  return state_->child(state_->job(job), child).state();
}

unsigned Scheduler::attempts_failed(JobId job, ChildIndex child) const {
  return state_->child(state_->job(job), child).attempts_failed();
}

Counts Scheduler::counts(JobId job) const { return state_->counts(state_->job(job)); }

Counts Scheduler::counts() const {
  Counts sum;
  for (const JobState& job : state_->jobs) {
    if (!job.in_plan) continue;
    const Counts of_job = state_->counts(job);
    for (std::size_t i = 0; i < sum.of.size(); ++i) sum.of[i] += of_job.of[i];
  }
  return sum;
}

// A parent shows PENDING from its first runnable child until all are terminal [AWS Batch user
// guide, array jobs].
model::JobStatus Scheduler::status(JobId id) const {
  const JobState& job = state_->job(id);
  if (!state_->array(job)) return model::status_of(state_->child(job, 0).state());
  const Counts counts = state_->counts(job);
  if (counts.terminal() < job.size) return model::JobStatus::Pending;
  return counts.good() == job.size ? model::JobStatus::Succeeded : model::JobStatus::Failed;
}

std::string Scheduler::status_reason(JobId id) const {
  const JobState& job = state_->job(id);
  if (!state_->array(job)) return status_reason(id, 0);
  const Counts counts = state_->counts(job);
  if (counts[ChildState::Skipped] == job.size) return std::string(model::kReasonSkipped);
  if (status(id) != model::JobStatus::Failed) return {};
  if (counts[ChildState::Cancelled] == job.size) {
    const auto& reasons = state_->extra_of(job)->end_reasons;
    if (reasons.size() == 1) return reasons.front().first;
  }
  if (counts[ChildState::DependencyFailed] == job.size)
    return std::string(model::kReasonDependency);
  return std::string(model::kReasonArrayChild);
}

std::string Scheduler::status_reason(JobId id, ChildIndex index) const {
  const JobState& job = state_->job(id);
  const ChildState state = state_->child(job, index).state();
  const JobExtra* more = state_->extra_of(job);
  if (state == ChildState::Cancelled) {
    if (more)
      for (const auto& [reason, children] : more->end_reasons)
        if (children.contains(index)) return reason;
    return {};
  }
  if (state == ChildState::DependencyFailed) return std::string(model::kReasonDependency);
  if (state == ChildState::Skipped) return std::string(model::kReasonSkipped);
  const auto failure = last_failure(id, index);
  if (state != ChildState::Failed || !failure) return {};
  if (failure->kind == model::EndKind::Stopped) return failure->reason;
  model::AttemptEnd end;
  end.kind = failure->kind;
  end.code = failure->code;
  end.reason = failure->reason;
  return model::status_reason(end);
}

std::optional<JobId> Scheduler::find(const std::string& name) const {
  return state_->names.find(name);
}

const model::PlanRules& Scheduler::rules() const { return state_->rules; }

std::vector<NodeView> Scheduler::nodes() const {
  std::vector<NodeView> views;
  for (std::uint32_t number = 0; number < state_->nodes.size(); ++number)
    views.push_back(*node(NodeId{number}));
  return views;
}

std::optional<NodeView> Scheduler::node(NodeId id) const {
  if (!state_->known(id)) return std::nullopt;
  const NodeState& node = state_->node(id);
  NodeView view{id,           node.name,     node.instance,
                node.boot_id, node.capacity, node.features,
                node.present, node.granted,  {}};
  for (const auto& [key, until] : state_->leases_awaited)
    if (key.first == id) view.lease_until = std::max(view.lease_until.value_or(until), until);
  return view;
}

std::optional<NodeView> Scheduler::node(const model::NodeName& name) const {
  for (std::uint32_t number = 0; number < state_->nodes.size(); ++number)
    if (state_->nodes[number].name == name) return node(NodeId{number});
  return std::nullopt;
}

namespace {

GrantView view_of(GrantId id, const GrantState& grant) {
  return {id,
          grant.node,
          grant.instance,
          grant.job,
          grant.revision,
          grant.outstanding.ranges(),
          grant.started.ranges(),
          grant.each,
          grant.environment,
          grant.gang,
          grant.members,
          grant.promised.ranges()};
}

}  // namespace

std::vector<GrantView> Scheduler::grants() const {
  std::vector<GrantView> views;
  for (const auto& [id, grant] : state_->grants) views.push_back(view_of(id, grant));
  return views;
}

std::vector<GrantView> Scheduler::grants_of(NodeId node, InstanceId instance) const {
  std::vector<GrantView> views;
  for (const auto& [id, grant] : state_->grants)
    if (grant.node == node && grant.instance == instance) views.push_back(view_of(id, grant));
  return views;
}

std::optional<GrantView> Scheduler::grant(GrantId id) const {
  const auto found = state_->grants.find(id);
  if (found == state_->grants.end()) return std::nullopt;
  return view_of(id, found->second);
}

std::optional<Instant> Scheduler::lease_awaited(NodeId node, InstanceId instance) const {
  const auto found = state_->leases_awaited.find({node, instance});
  if (found == state_->leases_awaited.end()) return std::nullopt;
  return found->second;
}

std::optional<ChildIndex> Scheduler::outstanding(GrantId id, ChildIndex child_as_granted) const {
  const auto found = state_->grants.find(id);
  if (found == state_->grants.end() || !found->second.outstanding.contains(child_as_granted))
    return std::nullopt;
  return state_->today(found->second, child_as_granted);
}

bool Scheduler::held_by_failures() const {
  if (state_->unfinished == 0) return false;
  if (state_->plan_held()) return true;
  return std::any_of(state_->jobs.begin(), state_->jobs.end(), [&](const JobState& job) {
    return job.in_plan && state_->held_by_failures(job) &&
           state_->counts(job).terminal() < job.size;
  });
}

bool Scheduler::all_held() const {
  return state_->unfinished > 0 && state_->grants.empty() && state_->leases_awaited.empty() &&
         state_->sleeping.empty() && (state_->lanes.empty() || state_->plan_held());
}

bool Scheduler::request_known(const std::string& request) const {
  return state_->requests.contains(request);
}

bool Scheduler::finished() const { return state_->finished; }

bool Scheduler::everything_terminal() const { return state_->unfinished == 0; }

std::optional<model::FailedAttempt> Scheduler::last_failure(JobId job, ChildIndex child) const {
  const auto found = state_->failures.find({job, child});
  if (found == state_->failures.end()) return std::nullopt;
  return found->second;
}

}  // namespace mpibatch::scheduler
