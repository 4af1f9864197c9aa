// The exact state as bytes, and back.
#include <mpibatch/base/layout.hpp>

#include "scheduler/saved.hpp"

namespace mpibatch::scheduler {

namespace {

std::vector<std::pair<std::string, model::Ranges>> reasons_of(const JobExtra& more) {
  std::vector<std::pair<std::string, model::Ranges>> reasons;
  for (const auto& [reason, children] : more.end_reasons)
    reasons.emplace_back(reason, children.ranges());
  return reasons;
}

model::RangeSet set_of(const model::Ranges& ranges) {
  model::RangeSet set;
  for (const model::Range& range : ranges) set.insert(range);
  return set;
}

void pack_jobs(const Scheduler::State& state, Saved& saved) {
  for (const JobKind& kind : state.kinds) saved.kinds.push_back(kind.spec);
  for (std::uint32_t number = 0; number < state.jobs.size(); ++number) {
    const JobState& job = state.jobs[number];
    const JobId id{number};
    SavedJob& to = saved.jobs.emplace_back();
    to = {std::string(state.names.name(id)),
          job.kind,
          job.digest,
          job.in_plan,
          job.order,
          job.first_child,
          job.size,
          {}};
    state.edges.awaited_by(id, [&](const Edges::Edge& edge) {
      const bool match = edge.type == model::DependencyType::Match;
      to.depends_on.push_back(
          {edge.job, edge.type, edge.child, match ? edge.match : model::kNoMatch});
    });
    const JobExtra* more = state.extra_of(job);
    if (!more) continue;
    SavedExtra extra{id,
                     reasons_of(*more),
                     more->attempts_ended,
                     more->busy,
                     more->unstartable,
                     more->proven,
                     more->trouble,
                     more->forgiven,
                     more->held.ranges(),
                     {more->out_of_memory.begin(), more->out_of_memory.end()},
                     more->priority};
    const std::string nothing = to_layout(SavedExtra{id, {}, 0, {}, 0, false, {}, 0, {}, {}, {}});
    if (to_layout(extra) != nothing) saved.extras.push_back(std::move(extra));
  }
  for (const MatchState& match : state.matches)
    saved.matches.push_back({match.awaited, match.waiting, match.groups});
  saved.children.reserve(state.children.size());
  for (const ChildByte child : state.children)
    saved.children.push_back(static_cast<char>(child.bits()));
}

void pack_grants(const Scheduler::State& state, Saved& saved) {
  for (const auto& [id, grant] : state.grants) {
    SavedGrant& to = saved.grants.emplace_back();
    to = {id,
          grant.node,
          grant.instance,
          grant.job,
          grant.revision,
          grant.each,
          grant.environment,
          grant.since,
          grant.outstanding.ranges(),
          grant.started.ranges(),
          grant.cancelled.ranges(),
          grant.terminated.ranges(),
          {},
          grant.gang,
          grant.members,
          grant.gang_main,
          grant.exclusive};
    if (grant.today) to.today.emplace(grant.today->begin(), grant.today->end());
    if (!grant.promised.empty())
      saved.promises.push_back({id, grant.promised.ranges(), grant.after});
  }
  for (const auto& [main, gang] : state.gangs)
    saved.gangs.push_back({main, gang.job, gang.child, gang.outcome, gang.started, gang.lost_host});
}

Saved pack(const Scheduler::State& state) {
  Saved saved;
  saved.epoch = state.epoch;
  saved.began = state.began;
  saved.grants_made = state.grants_made;
  saved.revision = state.revision;
  saved.finished = state.finished;
  saved.forgiven = state.forgiven;
  saved.rules = state.rules;
  pack_jobs(state, saved);
  for (const NodeState& node : state.nodes)
    saved.nodes.push_back(
        {node.name, node.instance, node.boot_id, node.capacity, node.features, node.present});
  pack_grants(state, saved);
  for (const auto& [key, until] : state.leases_awaited)
    saved.leases.push_back({key.first, key.second, until});
  std::map<ChildKey, SavedChild> troubled;
  for (const auto& [key, failure] : state.failures) troubled[key].failure = failure;
  for (const auto& [key, losses] : state.losses) troubled[key].losses = losses;
  for (auto& [key, child] : troubled) {
    child.job = key.first;
    child.child = key.second;
    saved.troubled.push_back(std::move(child));
  }
  for (const ShareState& share : state.shares)
    saved.shares.push_back({share.queue, share.id, share.used, share.upto});
  saved.spent = state.spent;
  saved.requests.assign(state.requests.begin(), state.requests.end());
  return saved;
}

void unpack_jobs(Saved& saved, Scheduler::State& state) {
  for (model::JobSpec& kind : saved.kinds) state.kinds.push_back({std::move(kind), kNone});
  Edges::Builder edges;
  state.names.reserve(saved.jobs.size());
  for (const SavedJob& job : saved.jobs) {
    const JobId id{static_cast<std::uint32_t>(state.jobs.size())};
    JobState& to = state.jobs.emplace_back();
    to.digest = job.digest;
    to.first_child = job.first_child;
    to.size = job.size;
    to.order = job.order;
    to.kind = job.kind;
    to.in_plan = job.in_plan;
    state.names.push(job.name, job.in_plan);
    if (job.in_plan && state.array(to)) state.extra(id);
    edges.next_job();
    for (const model::Dependency& dependency : job.depends_on)
      if (job.in_plan)
        edges.add({dependency.job, dependency.type, dependency.child,
                   dependency.type == model::DependencyType::Match ? dependency.match : 0});
  }
  state.names.index();
  state.edges = std::move(edges).build();
  for (SavedMatch& match : saved.matches)
    state.matches.push_back({match.awaited, match.waiting, std::move(match.groups), {}, {}, {}});
  for (SavedExtra& extra : saved.extras) {
    JobExtra& to = state.extra(extra.job);
    for (auto& [reason, children] : extra.end_reasons)
      to.end_reasons.emplace_back(std::move(reason), set_of(children));
    to.attempts_ended = extra.attempts_ended;
    to.busy = extra.busy;
    to.unstartable = extra.unstartable;
    to.proven = extra.proven;
    to.trouble = std::move(extra.trouble);
    to.forgiven = extra.forgiven;
    to.held = set_of(extra.held);
    to.out_of_memory = {extra.out_of_memory.begin(), extra.out_of_memory.end()};
    to.priority = extra.priority;
  }
  state.children.reserve(saved.children.size());
  for (const char bits : saved.children)
    state.children.push_back(ChildByte::from_bits(static_cast<std::uint8_t>(bits)));
}

void unpack_grants(const Saved& saved, Scheduler::State& state) {
  for (const SavedGrant& grant : saved.grants) {
    GrantState to;
    to.node = grant.node;
    to.instance = grant.instance;
    to.job = grant.job;
    to.revision = grant.revision;
    to.each = grant.each;
    to.environment = grant.environment;
    to.since = grant.since;
    to.outstanding = set_of(grant.outstanding);
    to.started = set_of(grant.started);
    to.cancelled = set_of(grant.cancelled);
    to.terminated = set_of(grant.terminated);
    if (grant.today) to.today.emplace(grant.today->begin(), grant.today->end());
    to.gang = grant.gang;
    to.members = grant.members;
    to.gang_main = grant.gang_main;
    to.exclusive = grant.exclusive;
    state.grants.emplace(grant.id, std::move(to));
    state.wish(grant.id);
  }
  for (const SavedPromise& promise : saved.promises) {
    GrantState& to = state.grants.at(promise.grant);
    to.promised = set_of(promise.promised);
    to.after = promise.after;
  }
  for (const SavedGang& gang : saved.gangs)
    state.gangs[gang.main] = {gang.job, gang.child, 0, gang.outcome, gang.started, gang.lost_host};
}

void unpack(Saved saved, Scheduler::State& state) {
  state.epoch = saved.epoch;
  state.began = saved.began;
  state.grants_made = saved.grants_made;
  state.revision = saved.revision;
  state.finished = saved.finished;
  state.forgiven = saved.forgiven;
  state.rules = std::move(saved.rules);
  unpack_jobs(saved, state);
  for (SavedNode& node : saved.nodes) {
    NodeState& to = state.nodes.emplace_back();
    to.name = std::move(node.name);
    to.instance = node.instance;
    to.boot_id = std::move(node.boot_id);
    to.capacity = node.capacity;
    to.features = std::move(node.features);
    to.present = node.present;
  }
  unpack_grants(saved, state);
  for (const SavedLease& lease : saved.leases)
    state.leases_awaited[{lease.node, lease.instance}] = lease.until;
  for (const SavedChild& child : saved.troubled) {
    if (child.failure) state.failures[{child.job, child.child}] = *child.failure;
    if (child.losses > 0) state.losses[{child.job, child.child}] = child.losses;
  }
  for (SavedShare& share : saved.shares) {
    ShareState& to = state.shares.emplace_back();
    to.queue = share.queue;
    to.id = std::move(share.id);
    to.used = share.used;
    to.upto = share.upto;
  }
  state.spent = std::move(saved.spent);
  state.requests.insert(saved.requests.begin(), saved.requests.end());
  state.derive();
}

}  // namespace

std::string Scheduler::save() const {
  LayoutWriter writer;
  const Saved saved = pack(*state_);
  writer& kSavedVersion& saved& saved.promises;
  return writer.take();
}

Result<Scheduler> Scheduler::load(const std::string& bytes) {
  LayoutReader reader(bytes);
  std::uint32_t version = 0;
  Saved saved;
  reader& version;
  if (reader.ok() && (version < kSavedVersionOldest || version > kSavedVersion))
    return fail(ErrorKind::Damaged, "the snapshot's core has version " + std::to_string(version) +
                                        ", this program reads " + std::to_string(kSavedVersion));
  reader& saved;
  if (version >= 3) reader& saved.promises;
  if (!reader.at_end() || !consistent(saved))
    return fail(ErrorKind::Damaged, "the snapshot's core is damaged");
  Scheduler scheduler;
  unpack(std::move(saved), *scheduler.state_);
  return scheduler;
}

}  // namespace mpibatch::scheduler
