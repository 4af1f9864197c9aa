// A plan becomes the run's plan: children move to their new places, the rest starts as new.
#include <algorithm>

#include <mpibatch/base/layout.hpp>

#include "scheduler/apply.hpp"
#include "scheduler/kind_index.hpp"
#include "scheduler/saved.hpp"

namespace mpibatch::scheduler {

namespace {

using JobMoves = std::map<JobId, const std::vector<model::Move>*>;

std::optional<ChildIndex> moved(const std::vector<model::Move>& moves, ChildIndex from) {
  for (const model::Move& move : moves)
    if (from >= move.from && from - move.from < move.count) return move.to + (from - move.from);
  return std::nullopt;
}

// A map of the whole job: one look-up a child, however many moves a reordered sheet takes.
std::map<ChildIndex, ChildIndex> as_map(const std::vector<model::Move>& moves,
                                        const std::vector<ChildIndex>& wanted) {
  std::map<ChildIndex, ChildIndex> map;
  std::vector<model::Move> sorted = moves;
  std::sort(sorted.begin(), sorted.end());
  for (const ChildIndex from : wanted) {
    auto after = std::upper_bound(
        sorted.begin(), sorted.end(), from,
        [](ChildIndex value, const model::Move& move) { return value < move.from; });
    if (after == sorted.begin()) continue;
    const model::Move& move = *std::prev(after);
    if (from - move.from < move.count) map[from] = move.to + (from - move.from);
  }
  return map;
}

// Whether no child is taken over twice, and no place filled twice.
bool disjoint(const std::vector<model::Move>& moves) {
  std::vector<std::pair<ChildIndex, ChildIndex>> from;
  std::vector<std::pair<ChildIndex, ChildIndex>> to;
  for (const model::Move& move : moves) {
    from.emplace_back(move.from, move.count);
    to.emplace_back(move.to, move.count);
  }
  for (auto* places : {&from, &to}) {
    std::sort(places->begin(), places->end());
    for (std::size_t i = 1; i < places->size(); ++i)
      if ((*places)[i].first - (*places)[i - 1].first < (*places)[i - 1].second) return false;
  }
  return true;
}

using Sizes = std::vector<ChildIndex>;  // of the new plan's jobs by number; 0: it has none such

std::string dependency_flaw(const model::AdoptedJob& job, const model::Dependency& dependency,
                            const Sizes& sizes) {
  const std::uint32_t number = model::number_of(dependency.job);
  const ChildIndex size = number < sizes.size() ? sizes[number] : 0;
  if (size == 0) return "a dependency's job does not exist";
  switch (dependency.type) {
    case model::DependencyType::NToN:
      return size == job.spec.size ? "" : "an N_TO_N dependency's sizes differ";
    case model::DependencyType::Sequential:
      return dependency.job == job.id ? "" : "a SEQUENTIAL dependency names another job";
    case model::DependencyType::Match: {
      if (dependency.match >= job.spec.matches.size()) return "a MATCH has no groups";
      return match_flaw(job.spec.matches[dependency.match], size, job.spec.size);
    }
    case model::DependencyType::All:
    case model::DependencyType::AfterAny:
    case model::DependencyType::AfterFailure:
      break;
  }
  const bool child = dependency.child != model::kAllChildren;
  return child && dependency.child >= size ? "a dependency's child does not exist" : "";
}

std::string flaw(const model::AdoptedJob& job, const Sizes& sizes, ChildIndex old_size) {
  for (const model::Dependency& dependency : job.spec.depends_on)
    if (std::string why = dependency_flaw(job, dependency, sizes); !why.empty()) return why;
  for (const model::Move& move : job.kept)
    if (move.count > old_size || move.from > old_size - move.count || move.count > job.spec.size ||
        move.to > job.spec.size - move.count)
      return "kept children lie outside the array";
  return disjoint(job.kept) ? "" : "a child is kept twice";
}

// Which job or child the adoption gets wrong; empty where all is well.
std::string flaw(const Scheduler::State& state, const model::PlanAdopted& fact) {
  if (std::string why = rules_flaw(fact.rules); !why.empty()) return why;
  std::size_t known = state.jobs.size();
  for (const model::AdoptedJob& job : fact.jobs)
    known = std::max<std::size_t>(known, model::number_of(job.id) + std::size_t{1});
  if (known > state.jobs.size() + fact.jobs.size()) return "job ids have gaps";
  Sizes sizes(known, 0);
  for (const model::AdoptedJob& job : fact.jobs) {
    if (job.spec.size == 0 || job.spec.size > model::kChildrenMax)
      return "a job's size is impossible";
    if (!job.spec.array && job.spec.size != 1) return "a job that is no array has children";
    if (std::string why = kind_flaw(job.spec, fact.rules); !why.empty()) return why;
    ChildIndex& size = sizes[model::number_of(job.id)];
    if (size != 0) return "a job id stands twice";
    size = job.spec.size;
  }
  for (const model::AdoptedJob& job : fact.jobs) {
    const std::uint32_t number = model::number_of(job.id);
    const bool was_there = number < state.jobs.size() && state.jobs[number].in_plan;
    const ChildIndex old_size = was_there ? state.jobs[number].size : 0;
    if (std::string why = flaw(job, sizes, old_size); !why.empty()) return why;
  }
  return {};
}

template <class Value>
void move_keys(std::map<ChildKey, Value>& values, const JobMoves& moves) {
  std::map<ChildKey, Value> next;
  for (auto& [key, value] : values) {
    const auto found = moves.find(key.first);
    if (found == moves.end()) continue;
    if (const auto to = moved(*found->second, key.second)) next[{key.first, *to}] = value;
  }
  values = std::move(next);
}

void move_grants(Scheduler::State& state, const JobMoves& moves) {
  for (auto& entry : state.grants) {
    auto& grant = entry.second;
    std::vector<ChildIndex> as_granted;
    std::vector<ChildIndex> before;
    model::for_each(grant.outstanding.ranges(), [&](ChildIndex child) {
      if (const auto today = state.today(grant, child)) {
        as_granted.push_back(child);
        before.push_back(*today);
      }
    });
    std::map<ChildIndex, ChildIndex> next;
    if (const auto found = moves.find(grant.job); found != moves.end()) {
      const auto map = as_map(*found->second, before);
      for (std::size_t i = 0; i < before.size(); ++i)
        if (const auto to = map.find(before[i]); to != map.end()) next[as_granted[i]] = to->second;
    }
    grant.today = std::move(next);
    // What it is to come after, and whether it is to, may be another thing now.
    if (grant.promised.empty()) continue;
    grant.wanted = grant.promised;
    state.wish(entry.first);
  }
  for (auto& [id, gang] : state.gangs) {
    const auto found = moves.find(gang.job);
    if (found == moves.end())
      gang.child.reset();
    else if (gang.child)
      gang.child = moved(*found->second, *gang.child);
  }
}

// What a user, or failures, said of single children stays with them.
void move_extra(JobExtra& more, const std::vector<model::Move>& moves) {
  const auto move = [&](model::RangeSet& children) {
    std::vector<ChildIndex> there;
    model::for_each(children.ranges(), [&](ChildIndex child) {
      if (const auto to = moved(moves, child)) there.push_back(*to);
    });
    children.clear();
    for (const model::Range& range : model::ranges_of(std::move(there))) children.insert(range);
  };
  move(more.held);
  for (auto& [reason, children] : more.end_reasons) move(children);
  std::erase_if(more.end_reasons, [](const auto& each) { return each.second.empty(); });
  std::map<ChildIndex, std::uint8_t> out_of_memory;
  for (const auto& [child, count] : more.out_of_memory)
    if (const auto to = moved(moves, child)) out_of_memory[*to] = count;
  more.out_of_memory = std::move(out_of_memory);
}

std::vector<ChildByte> move_children(const Scheduler::State& state, const model::PlanAdopted& fact,
                                     std::vector<std::uint64_t>& firsts) {
  std::vector<ChildByte> children;
  std::uint64_t count = 0;
  for (const model::AdoptedJob& adopted : fact.jobs) count += adopted.spec.size;
  children.reserve(count);
  for (const model::AdoptedJob& adopted : fact.jobs) {
    const std::uint64_t first = children.size();
    firsts.push_back(first);
    children.resize(first + adopted.spec.size);
    for (const model::Move& move : adopted.kept)
      for (ChildIndex i = 0; i < move.count; ++i)
        children[first + move.to + i] = state.child(state.job(adopted.id), move.from + i);
  }
  return children;
}

template <class Named>
std::map<std::uint32_t, std::uint32_t> places_by_name(const std::vector<Named>& before,
                                                      const std::vector<Named>& now) {
  std::map<std::uint32_t, std::uint32_t> places;
  for (std::uint32_t old = 0; old < before.size(); ++old)
    for (std::uint32_t next = 0; next < now.size(); ++next)
      if (before[old].name == now[next].name) places[old] = next;
  return places;
}

// What is known of queues, environments and consumables goes by their names.
void adopt_rules(Scheduler::State& state, const model::PlanRules& rules) {
  const auto queues = places_by_name(state.rules.queues, rules.queues);
  std::erase_if(state.shares, [&](const ShareState& share) {
    return !queues.contains(share.queue) || !rules.queues[queues.at(share.queue)].policy;
  });
  for (ShareState& share : state.shares) share.queue = queues.at(share.queue);
  const auto environments = places_by_name(state.rules.environments, rules.environments);
  for (auto& [id, grant] : state.grants) {
    const auto found = environments.find(grant.environment);
    grant.environment = found == environments.end() ? model::kNoEnvironment : found->second;
  }
  std::vector<std::uint64_t> spent(rules.consumables.size(), 0);
  for (const auto& [old, next] : places_by_name(state.rules.consumables, rules.consumables))
    spent[next] = state.spent[old];
  state.spent = std::move(spent);
  state.rules = rules;
}

// The fields that jobs of one kind share.
model::JobSpec common(const model::JobSpec& spec) {
  model::JobSpec kind;
  kind.array = spec.array;
  kind.queue = spec.queue;
  kind.resources = spec.resources;
  kind.retry = spec.retry;
  kind.priority = spec.priority;
  kind.share = spec.share;
  kind.constraints = spec.constraints;
  kind.consumables = spec.consumables;
  kind.max_concurrent = spec.max_concurrent;
  kind.max_failures = spec.max_failures;
  kind.not_before = spec.not_before;
  kind.expected = spec.expected;
  kind.gang = spec.gang;
  return kind;
}

}  // namespace

std::uint32_t KindIndex::find_or_add(Scheduler::State& state, const model::JobSpec& spec) {
  model::JobSpec kind = common(spec);
  const auto [found, added] =
      known_.try_emplace(to_layout(kind), static_cast<std::uint32_t>(state.kinds.size()));
  if (added) state.kinds.push_back({std::move(kind), kNone});
  return found->second;
}

Result<void> Applier::operator()(const model::PlanAdopted& fact) {
  if (std::string why = flaw(state, fact); !why.empty())
    return mpibatch::fail(ErrorKind::Damaged, "the journal adopts a plan that cannot be: " + why);
  JobMoves moves;
  for (const model::AdoptedJob& adopted : fact.jobs)
    if (!adopted.kept.empty()) moves[adopted.id] = &adopted.kept;
  move_grants(state, moves);
  move_keys(state.failures, moves);
  for (auto& [key, failure] : state.failures) failure.child = key.second;
  move_keys(state.losses, moves);

  std::vector<std::uint64_t> firsts;
  state.children = move_children(state, fact, firsts);
  adopt_rules(state, fact.rules);
  adopt_jobs(fact, firsts);
  state.revision = fact.revision;
  state.finished = false;
  state.derive();
  return {};
}

void Applier::adopt_jobs(const model::PlanAdopted& fact, const std::vector<std::uint64_t>& firsts) {
  std::size_t known = state.jobs.size();
  for (const model::AdoptedJob& adopted : fact.jobs)
    known = std::max<std::size_t>(known, model::number_of(adopted.id) + std::size_t{1});
  std::vector<const model::AdoptedJob*> by_number(known, nullptr);
  for (const model::AdoptedJob& adopted : fact.jobs)
    by_number[model::number_of(adopted.id)] = &adopted;
  const NameIndex names_before = std::move(state.names);
  const std::size_t jobs_before = state.jobs.size();
  state.jobs.resize(known);
  state.names.clear();
  state.names.reserve(known);
  KindIndex kinds;
  state.paces.clear();
  // Kinds of jobs that left the plan stay, for those who ask about them.
  if (fact.jobs.size() == known) state.kinds.clear();
  Edges::Builder edges;
  std::size_t edge_count = 0;
  for (const model::AdoptedJob& adopted : fact.jobs) edge_count += adopted.spec.depends_on.size();
  edges.reserve(known, edge_count);
  state.matches.clear();
  std::uint32_t order = 0;
  for (std::uint32_t number = 0; number < known; ++number) {
    edges.next_job();
    JobState& job = state.jobs[number];
    const model::AdoptedJob* adopted = by_number[number];
    if (adopted == nullptr) {
      job.in_plan = false;
      state.names.push(number < jobs_before ? names_before.name(JobId{number}) : "", false);
      continue;
    }
    const model::JobSpec& spec = adopted->spec;
    state.names.push(spec.name, true);
    job.in_plan = true;
    job.digest = spec.digest;
    job.size = spec.size;
    job.kind = kinds.find_or_add(state, spec);
    if (spec.array) state.extra(adopted->id);
    if (job.extra != kNone) move_extra(state.extra(adopted->id), adopted->kept);
    for (const model::Dependency& dependency : spec.depends_on) {
      std::uint32_t match = 0;
      if (dependency.type == model::DependencyType::Match) {
        match = static_cast<std::uint32_t>(state.matches.size());
        state.matches.push_back(
            {dependency.job, adopted->id, spec.matches[dependency.match], {}, {}, {}});
      }
      edges.add({dependency.job, dependency.type, dependency.child, match});
    }
  }
  state.names.index();
  state.edges = std::move(edges).build();
  for (const model::AdoptedJob& adopted : fact.jobs) {
    JobState& job = state.job(adopted.id);
    job.first_child = firsts[order];
    job.order = order++;
  }
}

}  // namespace mpibatch::scheduler
