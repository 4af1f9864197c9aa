#include "workload.hpp"

#include <algorithm>
#include <numeric>
#include <string>

namespace mpibatch::fault {

using model::ChildIndex;
using model::DependencyType;
using model::JobId;
using model::Revision;

namespace {

// Says to each child what its key is: an attempt that is told another one ran for the wrong child.
class KeyTable final : public model::ParameterTable {
 public:
  explicit KeyTable(std::vector<Key> keys) : keys_(std::move(keys)) {}
  ChildIndex rows() const override { return static_cast<ChildIndex>(keys_.size()); }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(ChildIndex row) const override {
    return {std::to_string(keys_.at(row))};
  }

 private:
  std::vector<Key> keys_;
  std::vector<std::string> names_{"key"};
};

}  // namespace

Workload::Workload(std::uint64_t seed, Random& random, const Ground& ground, bool small)
    : seed_(seed) {
  make_rules(random, ground);
  longest_ = std::vector<Duration>{std::chrono::milliseconds{200}, std::chrono::seconds{3},
                                   std::chrono::seconds{40}}[random.below(3)];
  const std::uint64_t jobs = random.between(1, small ? 3 : 8);
  for (std::uint64_t i = 0; i < jobs; ++i) make_job(random, ground);
  if (random.chance(small ? 300 : 600)) make_chain(random);
  edit(Revision{1});
}

const Key& Workload::key(JobId job, Revision revision, ChildIndex child) const {
  return keys(job, revision).at(child);
}

const std::vector<Key>& Workload::keys(JobId job, Revision revision) const {
  return editions_.at(model::number_of(revision) - 1).keys.at(model::number_of(job));
}

Outcome Workload::outcome(const ChildName& child, unsigned attempt) const {
  Random random(mix({seed_, model::number_of(child.first), child.second, attempt}));
  Outcome outcome;
  outcome.length = random.skewed(Duration{500}, longest_);
  outcome.prints = random.chance(500);
  outcome.heeds_term = random.chance(700);
  const std::uint64_t dice = random.below(1000);
  if (dice < 60) outcome.deed = Deed::Fail;
  if (dice >= 60 && dice < 75) outcome.deed = Deed::GiveUp;
  if (dice >= 75 && dice < 105) outcome.deed = Deed::Crash;
  if (dice >= 105 && dice < 120) outcome.deed = Deed::NoStart;
  if (dice >= 120 && dice < 140 && timeout(child.first) > Duration{0}) outcome.deed = Deed::Hang;
  if (dice >= 140 && dice < 180) outcome.deed = Deed::OutOfMemory;
  return outcome;
}

Outcome Workload::other_part(const model::ExecutionId& execution) const {
  Random random(mix({seed_, model::number_of(execution.grant.epoch), execution.grant.number}));
  Outcome outcome;
  outcome.length = random.skewed(Duration{500}, longest_);
  outcome.prints = random.chance(300);
  outcome.heeds_term = random.chance(700);
  const std::uint64_t dice = random.below(10);
  outcome.deed = dice < 7 ? Deed::Wait : dice < 9 ? Deed::Succeed : Deed::Fail;
  return outcome;
}

Duration Workload::timeout(JobId job) const { return timeouts_[model::number_of(job)]; }

Duration Workload::all_work() const {
  Duration sum{0};
  for (std::uint32_t job = 0; job < specs_.size(); ++job)
    sum += specs_[job].size * (longest_ + std::chrono::seconds{1});
  return sum * 2;
}

Workload::Fate Workload::fate(const ChildName& child) const {
  const model::JobSpec& job = spec(child.first);
  Fate fate;
  for (unsigned attempt = 1; attempt <= job.retry.attempts; ++attempt) {
    const Deed deed = outcome(child, attempt).deed;
    if (deed == Deed::Succeed) {
      fate.succeeds = true;
      return fate;
    }
    ++fate.failures;
    if (deed == Deed::Hang || (deed == Deed::GiveUp && !job.retry.rules.empty())) return fate;
  }
  return fate;
}

// N_TO_N pairs by index: arrays of one size are reordered alike, and not at all where an order of
// the children has a meaning.
bool Workload::may_reorder(ChildIndex size) const {
  for (std::size_t job = 0; job < specs_.size(); ++job)
    for (const Edge& edge : edges_[job])
      if (edge.type == DependencyType::Sequential && specs_[job].size == size) return false;
  return true;
}

std::vector<Key> Workload::order(std::uint32_t job, std::uint32_t revision) const {
  const ChildIndex size = specs_[job].size;
  std::vector<Key> keys(size);
  std::iota(keys.begin(), keys.end(), 0U);
  if (revision == 1 || !may_reorder(size)) return keys;
  Random random(mix({seed_, revision, size}));
  std::rotate(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(random.below(size)),
              keys.end());
  std::swap(keys.front(), keys[random.below(size)]);
  return keys;
}

// Edges by key become dependencies by index.
model::JobSpec Workload::spec_of(std::uint32_t job,
                                 const std::vector<std::vector<Key>>& keys) const {
  model::JobSpec spec = specs_[job];
  for (const Edge& edge : edges_[job]) {
    const std::vector<Key>& awaited = keys[model::number_of(edge.job)];
    model::Dependency dependency{edge.job, edge.type};
    if (edge.child)
      dependency.child = static_cast<ChildIndex>(
          std::find(awaited.begin(), awaited.end(), *edge.child) - awaited.begin());
    if (edge.type == DependencyType::Match) {
      dependency.match = static_cast<std::uint32_t>(spec.matches.size());
      model::MatchGroups groups;
      groups.groups = edge.groups;
      for (const Key key : awaited) groups.awaited.push_back(edge.awaited[key]);
      for (const Key key : keys[job]) groups.waiting.push_back(edge.waiting[key]);
      spec.matches.push_back(std::move(groups));
    }
    spec.depends_on.push_back(dependency);
  }
  return spec;
}

void Workload::edit(Revision revision) {
  const std::uint32_t number = model::number_of(revision);
  Edition edition;
  edition.adoption.revision = revision;
  edition.adoption.rules = rules_;
  for (std::uint32_t id = 0; id < specs_.size(); ++id) edition.keys.push_back(order(id, number));
  for (std::uint32_t id = 0; id < specs_.size(); ++id) {
    const std::vector<Key>& keys = edition.keys[id];
    const model::JobSpec spec = spec_of(id, edition.keys);
    model::AdoptedJob adopted{JobId{id}, spec, {}};
    if (number > 1) {
      const std::vector<Key>& before = editions_.back().keys[id];
      for (ChildIndex to = 0; to < spec.size; ++to) {
        const auto from = std::find(before.begin(), before.end(), keys[to]) - before.begin();
        adopted.kept.push_back({static_cast<ChildIndex>(from), to, 1});
      }
    }
    edition.adoption.jobs.push_back(std::move(adopted));

    model::PlannedJob planned;
    planned.spec = spec;
    planned.execution.job = JobId{id};
    planned.execution.revision = revision;
    planned.execution.name = spec.name;
    planned.execution.queue = rules_.queues[spec.queue].name;
    planned.execution.array = spec.array;
    planned.execution.size = spec.size;
    planned.execution.command = {"work"};
    planned.execution.timeout = timeouts_[id];
    planned.execution.parameter_names = {"key"};
    planned.execution.resources = spec.resources;
    planned.parameters = std::make_shared<KeyTable>(keys);
    edition.jobs.push_back(std::move(planned));
  }
  editions_.push_back(std::move(edition));
}

const model::PlanAdopted& Workload::adoption(Revision revision) {
  while (editions_.size() < model::number_of(revision))
    edit(Revision{static_cast<std::uint32_t>(editions_.size()) + 1});
  return editions_[model::number_of(revision) - 1].adoption;
}

const model::PlannedJob& Workload::planned(Revision revision, JobId job) const {
  return editions_.at(model::number_of(revision) - 1).jobs.at(model::number_of(job));
}

}  // namespace mpibatch::fault
