#include <algorithm>

#include "scheduler/saved.hpp"

namespace mpibatch::scheduler {

namespace {

using model::DependencyType;

struct Consistency {
  const Saved& saved;
  std::vector<bool> held;  // children that some grant holds
  std::map<GrantId, const SavedPromise*> promises;

  const SavedJob* job(JobId id) const {
    const std::uint32_t number = model::number_of(id);
    const bool there = number < saved.jobs.size() && saved.jobs[number].in_plan;
    return there ? &saved.jobs[number] : nullptr;
  }

  bool jobs() const {
    if (saved.revision == model::Revision{}) return saved.jobs.empty() && saved.children.empty();
    if (!rules_flaw(saved.rules).empty()) return false;
    std::vector<const SavedJob*> in_order(saved.jobs.size(), nullptr);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> places;  // first child, and how many
    places.reserve(saved.jobs.size());
    std::vector<bool> sound(saved.kinds.size(), false);
    for (const SavedJob& job : saved.jobs) {
      if (!job.in_plan) continue;
      if (job.kind >= saved.kinds.size() || job.size == 0 || job.size > model::kChildrenMax)
        return false;
      const model::JobSpec& kind = saved.kinds[job.kind];
      if (!sound[job.kind] && !kind_flaw(kind, saved.rules).empty()) return false;
      sound[job.kind] = true;
      if (!kind.array && job.size != 1) return false;
      if (job.order >= in_order.size() || in_order[job.order]) return false;
      in_order[job.order] = &job;
      places.emplace_back(job.first_child, job.size);
      for (const model::Dependency& dependency : job.depends_on)
        if (!awaits(job, dependency)) return false;
    }
    const auto begin = in_order.begin();
    const auto places_end = begin + static_cast<std::ptrdiff_t>(places.size());
    return std::find(begin, places_end, nullptr) == places_end && cover(std::move(places));
  }

  // The children, without gaps.
  bool cover(std::vector<std::pair<std::uint64_t, std::uint64_t>> places) const {
    if (!std::is_sorted(places.begin(), places.end())) std::sort(places.begin(), places.end());
    std::uint64_t next = 0;
    for (const auto& [first, size] : places) {
      if (first != next) return false;
      next += size;
    }
    return next == saved.children.size();
  }

  bool awaits(const SavedJob& waiting, const model::Dependency& dependency) const {
    const SavedJob* awaited = job(dependency.job);
    if (!awaited) return false;
    switch (dependency.type) {
      case DependencyType::NToN:
        return awaited->size == waiting.size;
      case DependencyType::Sequential:
        return awaited == &waiting;
      case DependencyType::Match: {
        if (dependency.match >= saved.matches.size()) return false;
        const SavedMatch& match = saved.matches[dependency.match];
        return match.awaited == dependency.job && job(match.waiting) == &waiting &&
               match_flaw(match.groups, awaited->size, waiting.size).empty();
      }
      case DependencyType::All:
      case DependencyType::AfterAny:
      case DependencyType::AfterFailure:
        return dependency.child == model::kAllChildren || dependency.child < awaited->size;
    }
    return false;
  }

  bool matches() const {
    return std::all_of(saved.matches.begin(), saved.matches.end(), [&](const SavedMatch& match) {
      const SavedJob* awaited = job(match.awaited);
      const SavedJob* waiting = job(match.waiting);
      return awaited && waiting && match_flaw(match.groups, awaited->size, waiting->size).empty();
    });
  }

  bool extras() const {
    for (std::size_t i = 0; i < saved.extras.size(); ++i) {
      const SavedExtra& extra = saved.extras[i];
      if (model::number_of(extra.job) >= saved.jobs.size()) return false;
      if (i > 0 && extra.job <= saved.extras[i - 1].job) return false;
      const auto sound = [](const model::Ranges& children) {
        return model::well_formed(children) &&
               (children.empty() || children.back().end <= model::kChildrenMax);
      };
      if (!sound(extra.held)) return false;
      for (const auto& [reason, children] : extra.end_reasons)
        if (!sound(children)) return false;
    }
    for (const SavedShare& share : saved.shares)
      if (share.queue >= saved.rules.queues.size() || !saved.rules.queues[share.queue].policy)
        return false;
    return saved.spent.size() == saved.rules.consumables.size() ||
           (saved.spent.empty() && saved.revision == model::Revision{});
  }

  bool grants() {
    held.assign(saved.children.size(), false);
    std::set<GrantId> ids;
    std::map<GrantId, const SavedGang*> gangs;
    for (const SavedGang& gang : saved.gangs)
      if (!gangs.emplace(gang.main, &gang).second) return false;
    std::set<GrantId> parts;  // gangs with a part
    if (!sound_promises()) return false;
    for (const SavedGrant& grant : saved.grants) {
      if (!ids.insert(grant.id).second || model::number_of(grant.node) >= saved.nodes.size() ||
          model::number_of(grant.job) >= saved.jobs.size())
        return false;
      if (saved.jobs[model::number_of(grant.job)].kind >= saved.kinds.size()) return false;
      if (grant.id > GrantId{saved.epoch.epoch, saved.grants_made}) return false;
      for (const model::Ranges* ranges :
           {&grant.outstanding, &grant.started, &grant.cancelled, &grant.terminated})
        if (!model::well_formed(*ranges) ||
            (!ranges->empty() && ranges->back().end > model::kChildrenMax))
          return false;
      if (grant.outstanding.empty()) return false;
      if (grant.gang) {
        const auto gang = gangs.find(*grant.gang);
        if (gang == gangs.end() || gang->second->job != grant.job) return false;
        parts.insert(*grant.gang);
      } else if (!hold(grant)) {
        return false;
      }
    }
    return parts.size() == gangs.size() && hold_gangs() && all_held();
  }

  // Each is of a grant, and what it is to come after is out on the same node.
  bool sound_promises() {
    std::map<GrantId, const SavedGrant*> grants;
    for (const SavedGrant& grant : saved.grants) grants.emplace(grant.id, &grant);
    std::set<std::pair<GrantId, ChildIndex>> afters;
    for (const SavedPromise& promise : saved.promises) {
      const auto found = grants.find(promise.grant);
      if (found == grants.end() || found->second->gang || promise.promised.empty() ||
          !model::well_formed(promise.promised) ||
          promise.promised.back().end > model::kChildrenMax)
        return false;
      if (!promises.emplace(promise.grant, &promise).second) return false;
      const SavedGrant& grant = *found->second;
      bool out = true;
      model::for_each(promise.promised, [&](ChildIndex child) {
        out = out && model::contains(grant.outstanding, child);
      });
      if (!out) return false;
      if (!promise.after) {
        const ChildIndex first = promise.promised.front().begin;
        if (first == 0 || !model::contains(grant.outstanding, first - 1)) return false;
        continue;
      }
      const auto before = grants.find(promise.after->grant);
      if (before == grants.end() || !(before->first < promise.grant) || before->second->gang ||
          before->second->node != grant.node || before->second->instance != grant.instance ||
          !model::contains(before->second->outstanding, promise.after->child) ||
          !afters.emplace(promise.after->grant, promise.after->child).second)
        return false;
    }
    return true;
  }

  bool take(const SavedJob& job, ChildIndex child, ChildState as) {
    if (!job.in_plan || child >= job.size) return false;
    const std::size_t place = job.first_child + child;
    if (held[place] || state(place) != as) return false;
    held[place] = true;
    return true;
  }

  bool hold(const SavedGrant& grant) {
    const SavedJob& job = saved.jobs[model::number_of(grant.job)];
    std::optional<std::map<ChildIndex, ChildIndex>> today;
    if (grant.today) today.emplace(grant.today->begin(), grant.today->end());
    bool good = true;
    const auto promise = promises.find(grant.id);
    model::for_each(grant.outstanding, [&](ChildIndex as_granted) {
      ChildIndex child = as_granted;
      if (today) {
        const auto found = today->find(as_granted);
        if (found == today->end()) return;  // it left the plan
        child = found->second;
      }
      const bool runs = model::contains(grant.started, as_granted);
      const bool waits =
          promise != promises.end() && model::contains(promise->second->promised, as_granted);
      good = good && take(job, child,
                          waits  ? ChildState::Promised
                          : runs ? ChildState::Running
                                 : ChildState::Granted);
    });
    return good;
  }

  bool hold_gangs() {
    for (const SavedGang& gang : saved.gangs) {
      if (model::number_of(gang.job) >= saved.jobs.size()) return false;
      if (!gang.child) continue;
      if (!take(saved.jobs[model::number_of(gang.job)], *gang.child,
                gang.started ? ChildState::Running : ChildState::Granted))
        return false;
    }
    return true;
  }

  bool all_held() const {
    for (std::size_t i = 0; i < held.size(); ++i) {
      const bool out = state(i) == ChildState::Granted || state(i) == ChildState::Running ||
                       state(i) == ChildState::Promised;
      if (out != held[i]) return false;
    }
    return true;
  }

  ChildState state(std::size_t place) const {
    return ChildByte::from_bits(static_cast<std::uint8_t>(saved.children[place])).state();
  }
};

}  // namespace

bool consistent(const Saved& saved) {
  for (const char bits : saved.children) {
    const ChildByte child = ChildByte::from_bits(static_cast<std::uint8_t>(bits));
    if (static_cast<int>(child.state()) >= model::kChildStates) return false;
  }
  Consistency check{saved, {}, {}};
  return check.jobs() && check.matches() && check.extras() && check.grants();
}

}  // namespace mpibatch::scheduler
