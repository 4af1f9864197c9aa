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

bool sequential(const model::JobSpec& spec) {
  for (const model::Dependency& dependency : spec.depends_on)
    if (dependency.type == DependencyType::Sequential) return true;
  return false;
}

}  // namespace

Workload::Workload(std::uint64_t seed, Random& random, model::Resources largest_node)
    : seed_(seed) {
  const std::uint64_t queues = random.between(1, 3);
  for (std::uint64_t i = 0; i < queues; ++i)
    queues_.push_back(
        {"queue" + std::to_string(i), static_cast<std::uint32_t>(random.between(1, 4))});
  longest_ = std::vector<Duration>{std::chrono::milliseconds{200}, std::chrono::seconds{3},
                                   std::chrono::seconds{40}}[random.below(3)];
  const std::uint64_t jobs = random.between(1, 8);
  for (std::uint64_t i = 0; i < jobs; ++i) make_job(random, largest_node);
  edit(Revision{1});
}

void Workload::make_job(Random& random, model::Resources largest_node) {
  model::JobSpec spec;
  spec.name = "job" + std::to_string(specs_.size());
  spec.array = random.chance(700);
  // Few sizes, so that N_TO_N finds partners.
  const ChildIndex sizes[] = {1, 2, 7, 12, 30};
  if (spec.array) spec.size = sizes[random.below(5)];
  spec.queue = static_cast<std::uint32_t>(random.below(queues_.size()));
  spec.resources.vcpus =
      static_cast<std::uint32_t>(random.between(1, std::min(3U, largest_node.vcpus)));
  if (random.chance(400)) spec.resources.memory_mib = random.between(1, largest_node.memory_mib);
  spec.retry.attempts = static_cast<std::uint32_t>(random.between(1, 4));
  if (random.chance(500)) {
    model::RetryRule rule;
    rule.on_exit_code = std::to_string(kGiveUpCode);
    rule.action = model::RetryAction::Exit;
    spec.retry.rules = {rule};
  }
  spec.digest = specs_.size() + 1;
  add_dependencies(random, spec);
  specs_.push_back(std::move(spec));
  timeouts_.push_back(random.chance(300) ? longest_ * 3 : Duration{0});
}

void Workload::add_dependencies(Random& random, model::JobSpec& spec) {
  for (std::uint32_t other = 0; other < specs_.size(); ++other) {
    if (!random.chance(300)) continue;
    const model::JobSpec& before = specs_[other];
    const bool pairs = spec.array && before.array && before.size == spec.size;
    spec.depends_on.push_back(
        {JobId{other}, pairs && random.chance(700) ? DependencyType::NToN : DependencyType::All});
  }
  if (spec.array && random.chance(200))
    spec.depends_on.push_back(
        {JobId{static_cast<std::uint32_t>(specs_.size())}, DependencyType::Sequential});
}

const Key& Workload::key(JobId job, Revision revision, ChildIndex child) const {
  return editions_.at(model::number_of(revision) - 1).keys.at(model::number_of(job)).at(child);
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
  return std::none_of(specs_.begin(), specs_.end(), [&](const model::JobSpec& spec) {
    return spec.size == size && sequential(spec);
  });
}

void Workload::edit(Revision revision) {
  const std::uint32_t number = model::number_of(revision);
  Edition edition;
  edition.adoption.revision = revision;
  edition.adoption.rules.queues = queues_;
  for (std::uint32_t id = 0; id < specs_.size(); ++id) {
    const model::JobSpec& spec = specs_[id];
    std::vector<Key> keys(spec.size);
    std::iota(keys.begin(), keys.end(), 0U);
    if (number > 1 && may_reorder(spec.size)) {
      Random random(mix({seed_, number, spec.size}));
      const auto turn = static_cast<std::ptrdiff_t>(random.below(spec.size));
      std::rotate(keys.begin(), keys.begin() + turn, keys.end());
      std::swap(keys.front(), keys[random.below(spec.size)]);
    }
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
    planned.execution.queue = queues_[spec.queue].name;
    planned.execution.array = spec.array;
    planned.execution.size = spec.size;
    planned.execution.command = {"work"};
    planned.execution.timeout = timeouts_[id];
    planned.execution.parameter_names = {"key"};
    planned.execution.resources = spec.resources;
    planned.parameters = std::make_shared<KeyTable>(keys);
    edition.jobs.push_back(std::move(planned));
    edition.keys.push_back(std::move(keys));
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
