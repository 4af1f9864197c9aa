// The exact state as bytes. Layout (base/layout.hpp): u32 version, then Saved's fields in order; a
// changed field list raises the version. What is derived is not saved.
#include <mpibatch/base/layout.hpp>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

namespace {

constexpr std::uint32_t kVersion = 1;

struct SavedJob {
  model::JobSpec spec;
  bool in_plan = false;
  std::uint32_t order = 0;
  std::uint64_t first_child = 0;
  std::string cancel_reason;
  std::uint64_t attempts_ended = 0;
  Duration busy{0};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& spec& in_plan& order& first_child& cancel_reason& attempts_ended& busy;
  }
};

struct SavedNode {
  model::NodeName name;
  InstanceId instance;
  std::string boot_id;
  model::Resources capacity;
  bool present = false;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& instance& boot_id& capacity& present;
  }
};

struct SavedGrant {
  GrantId id;
  NodeId node{};
  InstanceId instance;
  JobId job{};
  model::Revision revision{};
  model::Resources each;
  model::Ranges outstanding, started, recall;
  std::optional<std::vector<std::pair<ChildIndex, ChildIndex>>> today;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id& node& instance& job& revision& each& outstanding& started& recall& today;
  }
};

struct SavedLease {
  NodeId node{};
  InstanceId instance;
  Instant until{};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& node& instance& until;
  }
};

struct SavedChild {
  JobId job{};
  ChildIndex child = 0;
  std::optional<model::FailedAttempt> failure;
  std::uint32_t losses = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& child& failure& losses;
  }
};

struct Saved {
  model::EpochBegan epoch;
  std::uint32_t grants_made = 0;
  model::Revision revision{};
  bool finished = false;
  std::vector<model::Queue> queues;
  std::vector<SavedJob> jobs;
  std::string children;  // ChildByte each
  std::vector<SavedNode> nodes;
  std::vector<SavedGrant> grants;
  std::vector<SavedLease> leases;
  std::vector<SavedChild> troubled;
  std::vector<std::string> requests;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& grants_made& revision& finished& queues& jobs& children& nodes& grants& leases&
        troubled& requests;
  }
};

model::RangeSet set_of(const model::Ranges& ranges) {
  model::RangeSet set;
  for (const model::Range& range : ranges) set.insert(range);
  return set;
}

Saved pack(const Scheduler::State& state) {
  Saved saved{state.epoch,
              state.grants_made,
              state.revision,
              state.finished,
              state.queues,
              {},
              {},
              {},
              {},
              {},
              {},
              {}};
  for (const JobState& job : state.jobs)
    saved.jobs.push_back({job.spec, job.in_plan, job.order, job.first_child, job.cancel_reason,
                          job.attempts_ended, job.busy});
  for (const ChildByte child : state.children)
    saved.children.push_back(static_cast<char>(child.bits()));
  for (const NodeState& node : state.nodes)
    saved.nodes.push_back({node.name, node.instance, node.boot_id, node.capacity, node.present});
  for (const auto& [id, grant] : state.grants) {
    SavedGrant& to = saved.grants.emplace_back();
    to = {id,
          grant.node,
          grant.instance,
          grant.job,
          grant.revision,
          grant.each,
          grant.outstanding.ranges(),
          grant.started.ranges(),
          grant.recall.ranges(),
          {}};
    if (grant.today) to.today.emplace(grant.today->begin(), grant.today->end());
  }
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
  saved.requests.assign(state.requests.begin(), state.requests.end());
  return saved;
}

// What derive(), the questions and later facts rely on: damaged bytes may say anything, and must
// not crash who reads them.
struct Consistency {
  const Saved& saved;
  std::vector<bool> held;  // children that some grant holds

  bool jobs() const {
    std::uint64_t children = 0;
    std::map<std::uint64_t, std::uint64_t> places;
    for (const SavedJob& job : saved.jobs) {
      if (!job.in_plan) continue;
      if (job.spec.queue >= saved.queues.size() || job.spec.size == 0 ||
          job.spec.size > model::kChildrenMax || job.spec.resources.vcpus == 0)
        return false;
      if (!places.emplace(job.first_child, job.spec.size).second) return false;
      children += job.spec.size;
      for (const model::Dependency& dependency : job.spec.depends_on)
        if (!awaits(job, dependency)) return false;
    }
    std::uint64_t next = 0;
    for (const auto& [first, size] : places) {
      if (first != next) return false;
      next += size;
    }
    return children == saved.children.size();
  }

  bool awaits(const SavedJob& job, const model::Dependency& dependency) const {
    const std::uint32_t number = model::number_of(dependency.job);
    if (number >= saved.jobs.size() || !saved.jobs[number].in_plan) return false;
    const SavedJob& awaited = saved.jobs[number];
    switch (dependency.type) {
      case model::DependencyType::All:
        return true;
      case model::DependencyType::NToN:
        return awaited.spec.size == job.spec.size;
      case model::DependencyType::Sequential:
        return &awaited == &job;
    }
    return false;
  }

  bool grants() {
    held.assign(saved.children.size(), false);
    std::set<GrantId> ids;
    for (const SavedGrant& grant : saved.grants) {
      if (!ids.insert(grant.id).second || model::number_of(grant.node) >= saved.nodes.size() ||
          model::number_of(grant.job) >= saved.jobs.size())
        return false;
      if (grant.id > GrantId{saved.epoch.epoch, saved.grants_made}) return false;
      for (const model::Ranges* ranges : {&grant.outstanding, &grant.started, &grant.recall})
        if (!model::well_formed(*ranges) ||
            (!ranges->empty() && ranges->back().end > model::kChildrenMax))
          return false;
      if (grant.outstanding.empty() || !hold(grant)) return false;
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
      const ChildState state = ChildByte::from_bits(bits(i)).state();
      const bool out = state == ChildState::Granted || state == ChildState::Running;
      if (out != held[i]) return false;
    }
    return true;
  }

  bool hold(const SavedGrant& grant) {
    const SavedJob& job = saved.jobs[model::number_of(grant.job)];
    std::optional<std::map<ChildIndex, ChildIndex>> today;
    if (grant.today) today.emplace(grant.today->begin(), grant.today->end());
    bool good = true;
    model::for_each(grant.outstanding, [&](ChildIndex as_granted) {
      ChildIndex child = as_granted;
      if (today) {
        const auto found = today->find(as_granted);
        if (found == today->end()) return;  // it left the plan
        child = found->second;
      }
      good = good && job.in_plan && child < job.spec.size;
      if (!good) return;
      const std::size_t place = job.first_child + child;
      const bool runs = ChildByte::from_bits(bits(place)).state() == ChildState::Running;
      good = !held[place] && runs == model::contains(grant.started, as_granted);
      held[place] = true;
    });
    return good;
  }

  std::uint8_t bits(std::size_t place) const {
    return static_cast<std::uint8_t>(saved.children[place]);
  }
};

bool consistent(const Saved& saved) {
  Consistency check{saved, {}};
  return check.jobs() && check.grants();
}

void unpack(Saved saved, Scheduler::State& state) {
  state.epoch = saved.epoch;
  state.grants_made = saved.grants_made;
  state.revision = saved.revision;
  state.finished = saved.finished;
  state.queues = std::move(saved.queues);
  for (SavedJob& job : saved.jobs) {
    JobState& to = state.jobs.emplace_back();
    to.spec = std::move(job.spec);
    to.in_plan = job.in_plan;
    to.order = job.order;
    to.first_child = job.first_child;
    to.cancel_reason = std::move(job.cancel_reason);
    to.attempts_ended = job.attempts_ended;
    to.busy = job.busy;
    if (to.in_plan)
      state.by_name[to.spec.name] = JobId{static_cast<std::uint32_t>(state.jobs.size() - 1)};
  }
  for (const char bits : saved.children)
    state.children.push_back(ChildByte::from_bits(static_cast<std::uint8_t>(bits)));
  for (SavedNode& node : saved.nodes) {
    NodeState& to = state.nodes.emplace_back();
    to.name = std::move(node.name);
    to.instance = node.instance;
    to.boot_id = std::move(node.boot_id);
    to.capacity = node.capacity;
    to.present = node.present;
  }
  for (const SavedGrant& grant : saved.grants) {
    GrantState to{grant.node,
                  grant.instance,
                  grant.job,
                  grant.revision,
                  grant.each,
                  set_of(grant.outstanding),
                  set_of(grant.started),
                  set_of(grant.recall),
                  {}};
    if (grant.today) to.today.emplace(grant.today->begin(), grant.today->end());
    model::Resources& sum = state.node(grant.node).granted;
    sum.vcpus += static_cast<std::uint32_t>(to.each.vcpus * to.outstanding.size());
    sum.memory_mib += to.each.memory_mib * to.outstanding.size();
    state.grants.emplace(grant.id, std::move(to));
  }
  for (const SavedLease& lease : saved.leases)
    state.leases_awaited[{lease.node, lease.instance}] = lease.until;
  for (const SavedChild& child : saved.troubled) {
    if (child.failure) state.failures[{child.job, child.child}] = *child.failure;
    if (child.losses > 0) state.losses[{child.job, child.child}] = child.losses;
  }
  state.requests.insert(saved.requests.begin(), saved.requests.end());
  state.derive();
}

}  // namespace

std::string Scheduler::save() const {
  LayoutWriter writer;
  writer& kVersion& pack(*state_);
  return writer.take();
}

Result<Scheduler> Scheduler::load(const std::string& bytes) {
  LayoutReader reader(bytes);
  std::uint32_t version = 0;
  Saved saved;
  reader& version;
  if (reader.ok() && version != kVersion)
    return fail(ErrorKind::Damaged, "the snapshot's core has version " + std::to_string(version) +
                                        ", this program reads " + std::to_string(kVersion));
  reader& saved;
  if (!reader.at_end() || !consistent(saved))
    return fail(ErrorKind::Damaged, "the snapshot's core is damaged");
  Scheduler scheduler;
  unpack(std::move(saved), *scheduler.state_);
  return scheduler;
}

}  // namespace mpibatch::scheduler
