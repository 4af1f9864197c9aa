// A plan becomes the run's plan: children move to their new places, the rest starts as new.
#include <algorithm>

#include "scheduler/apply.hpp"

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

std::string flaw(const model::AdoptedJob& job, const std::map<JobId, ChildIndex>& sizes,
                 ChildIndex old_size) {
  if (job.spec.size == 0 || job.spec.size > model::kChildrenMax)
    return "a job's size is impossible";
  if (job.spec.resources.vcpus == 0) return "a job asks for no CPU";
  for (const model::Dependency& dependency : job.spec.depends_on) {
    const auto awaited = sizes.find(dependency.job);
    if (awaited == sizes.end()) return "a dependency's job does not exist";
    if (dependency.type == model::DependencyType::NToN && awaited->second != job.spec.size)
      return "an N_TO_N dependency's sizes differ";
    if (dependency.type == model::DependencyType::Sequential && dependency.job != job.id)
      return "a SEQUENTIAL dependency names another job";
  }
  for (const model::Move& move : job.kept)
    if (move.count > old_size || move.from > old_size - move.count || move.count > job.spec.size ||
        move.to > job.spec.size - move.count)
      return "kept children lie outside the array";
  return disjoint(job.kept) ? "" : "a child is kept twice";
}

// Which job or child the adoption gets wrong; empty where all is well.
std::string flaw(const Scheduler::State& state, const model::PlanAdopted& fact) {
  if (fact.queues.empty()) return "it has no queue";
  std::size_t known = state.jobs.size();
  std::map<JobId, ChildIndex> sizes;
  for (const model::AdoptedJob& job : fact.jobs) {
    if (!sizes.emplace(job.id, job.spec.size).second) return "a job id stands twice";
    known = std::max<std::size_t>(known, model::number_of(job.id) + std::size_t{1});
  }
  if (known > state.jobs.size() + fact.jobs.size()) return "job ids have gaps";
  for (const model::AdoptedJob& job : fact.jobs) {
    if (job.spec.queue >= fact.queues.size()) return "a job's queue does not exist";
    const std::uint32_t number = model::number_of(job.id);
    const bool was_there = number < state.jobs.size() && state.jobs[number].in_plan;
    const ChildIndex old_size = was_there ? state.jobs[number].spec.size : 0;
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
  for (auto& [id, grant] : state.grants) {
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
  }
}

std::vector<ChildByte> move_children(const Scheduler::State& state, const model::PlanAdopted& fact,
                                     std::map<JobId, std::uint64_t>& firsts) {
  std::vector<ChildByte> children;
  for (const model::AdoptedJob& adopted : fact.jobs) {
    const std::uint64_t first = children.size();
    firsts[adopted.id] = first;
    children.resize(first + adopted.spec.size);
    for (const model::Move& move : adopted.kept)
      for (ChildIndex i = 0; i < move.count; ++i)
        children[first + move.to + i] = state.child(state.job(adopted.id), move.from + i);
  }
  return children;
}

}  // namespace

Result<void> Applier::operator()(const model::PlanAdopted& fact) {
  if (std::string why = flaw(state, fact); !why.empty())
    return fail(ErrorKind::Damaged, "the journal adopts a plan that cannot be: " + why);
  JobMoves moves;
  for (const model::AdoptedJob& adopted : fact.jobs) moves[adopted.id] = &adopted.kept;
  move_grants(state, moves);
  move_keys(state.failures, moves);
  for (auto& [key, failure] : state.failures) failure.child = key.second;
  move_keys(state.losses, moves);

  std::map<JobId, std::uint64_t> firsts;
  state.children = move_children(state, fact, firsts);
  for (JobState& job : state.jobs) job.in_plan = false;
  state.by_name.clear();
  state.queues = fact.queues;
  state.revision = fact.revision;
  state.finished = false;
  std::uint32_t order = 0;
  for (const model::AdoptedJob& adopted : fact.jobs) {
    const std::uint32_t number = model::number_of(adopted.id);
    if (number >= state.jobs.size()) state.jobs.resize(number + 1);
    JobState& job = state.jobs[number];
    job.spec = adopted.spec;
    job.in_plan = true;
    job.order = order++;
    job.first_child = firsts[adopted.id];
    state.by_name[adopted.spec.name] = adopted.id;
  }
  state.derive();
  return {};
}

}  // namespace mpibatch::scheduler
