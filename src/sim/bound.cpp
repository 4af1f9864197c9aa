#include "sim/bound.hpp"

#include <algorithm>
#include <optional>

namespace mpibatch::sim {

namespace {

using model::ChildIndex;
using model::DependencyType;

struct Link {
  std::uint32_t job = 0;
  ChildIndex child = 0;
};

struct JobTimes {
  Duration gate{0};          // its children start no earlier
  std::optional<Link> via;   // what the gate waits for longest
  Duration finish{0};        // of its last child …
  ChildIndex last = 0;       // … this one
  Duration total{0};         // of all children
  bool single = false;       // children wait for single ones
  bool needed = true;        // not for a failure alone
  std::vector<Duration> at;  // each child's finish, where it cannot be computed at once
  std::vector<std::vector<Duration>> groups;  // of each MATCH: when the last awaited one is over
};

class Chain {
 public:
  Chain(const std::vector<model::PlannedJob>& jobs, const Durations& durations)
      : jobs_(jobs), durations_(durations), times_(jobs.size()) {
    for (std::uint32_t job = 0; job < jobs.size(); ++job) classify(job);
    for (const std::uint32_t job : in_order()) compute(job);
  }

  Duration total(std::uint32_t job) const { return times_[job].total; }

  Duration longest() const {
    Duration longest{0};
    for (const JobTimes& times : times_)
      if (times.needed) longest = std::max(longest, times.finish);
    return longest;
  }

  std::vector<PathStep> path() const {
    std::vector<PathStep> steps;
    std::optional<Link> at;
    for (std::uint32_t job = 0; job < jobs_.size(); ++job)
      if (times_[job].needed && (!at || times_[job].finish > times_[at->job].finish))
        at = Link{job, times_[job].last};
    while (at && steps.size() < kPathStepsMax) {
      const Duration takes = time_of(at->job, at->child);
      if (takes > Duration{0}) {
        PathStep step{at->job, std::nullopt, finish(at->job, at->child) - takes, takes};
        if (jobs_[at->job].spec.array) step.child = at->child;
        steps.push_back(step);
      }
      at = before(*at);
    }
    std::reverse(steps.begin(), steps.end());
    return steps;
  }

 private:
  void classify(std::uint32_t job) {
    JobTimes& times = times_[job];
    for (const model::Dependency& dependency : jobs_[job].spec.depends_on) {
      times.needed = times.needed && dependency.type != DependencyType::AfterFailure;
      times.single = times.single || dependency.type == DependencyType::NToN ||
                     dependency.type == DependencyType::Match ||
                     dependency.type == DependencyType::Sequential;
    }
  }

  std::vector<std::uint32_t> in_order() const {
    std::vector<std::uint32_t> left(jobs_.size(), 0);
    std::vector<std::vector<std::uint32_t>> followers(jobs_.size());
    for (std::uint32_t job = 0; job < jobs_.size(); ++job)
      for (const model::Dependency& dependency : jobs_[job].spec.depends_on)
        if (model::number_of(dependency.job) != job) {
          followers[model::number_of(dependency.job)].push_back(job);
          ++left[job];
        }
    std::vector<std::uint32_t> order;
    for (std::uint32_t job = 0; job < jobs_.size(); ++job)
      if (left[job] == 0) order.push_back(job);
    for (std::size_t i = 0; i < order.size(); ++i)
      for (const std::uint32_t follower : followers[order[i]])
        if (--left[follower] == 0) order.push_back(follower);
    return order;
  }

  Duration time_of(std::uint32_t job, ChildIndex child) const {
    return times_[job].needed ? durations_.of(job, child, 1).time : Duration{0};
  }

  Duration finish(std::uint32_t job, ChildIndex child) const {
    const JobTimes& times = times_[job];
    return times.at.empty() ? times.gate + time_of(job, child) : times.at[child];
  }

  void compute(std::uint32_t job) {
    const model::JobSpec& spec = jobs_[job].spec;
    JobTimes& times = times_[job];
    times.gate = times.needed ? spec.not_before : Duration{0};
    times.groups.resize(spec.matches.size());
    for (const model::Dependency& dependency : spec.depends_on) {
      const std::uint32_t awaited = model::number_of(dependency.job);
      if (dependency.type == DependencyType::Match) {
        times.groups[dependency.match] = group_finishes(awaited, spec.matches[dependency.match]);
      } else if (dependency.type != DependencyType::NToN &&
                 dependency.type != DependencyType::Sequential) {
        const bool all = dependency.child == model::kAllChildren;
        const Link link{awaited, all ? times_[awaited].last : dependency.child};
        const Duration at = all ? times_[awaited].finish : finish(awaited, dependency.child);
        if (at > times.gate) {
          times.gate = at;
          times.via = link;
        }
      }
    }
    compute_children(job);
  }

  void compute_children(std::uint32_t job) {
    JobTimes& times = times_[job];
    const ChildIndex size = jobs_[job].spec.size;
    if (const auto same = durations_.uniform(job); !times.single && same) {
      times.total = times.needed ? same->time * size : Duration{0};
      times.finish = finish(job, 0);
      return;
    }
    std::vector<Duration> at(times.single ? size : 0);
    Duration before{0};
    for (ChildIndex child = 0; child < size; ++child) {
      const Duration takes = time_of(job, child);
      const Duration end = begin_of(job, child, before) + takes;
      before = end;
      times.total += takes;
      if (!at.empty()) at[child] = end;
      if (child > 0 && end <= times.finish) continue;
      times.finish = end;
      times.last = child;
    }
    times.at = std::move(at);
  }

  // `before`: the finish of the child before this one.
  Duration begin_of(std::uint32_t job, ChildIndex child, Duration before) const {
    const JobTimes& times = times_[job];
    Duration begin = times.gate;
    if (!times.single) return begin;
    const model::JobSpec& spec = jobs_[job].spec;
    for (const model::Dependency& dependency : spec.depends_on) {
      if (dependency.type == DependencyType::NToN) {
        begin = std::max(begin, finish(model::number_of(dependency.job), child));
      } else if (dependency.type == DependencyType::Sequential) {
        if (child > 0) begin = std::max(begin, before);
      } else if (dependency.type == DependencyType::Match) {
        const std::uint32_t group = spec.matches[dependency.match].waiting[child];
        if (group != model::kNoGroup)
          begin = std::max(begin, times.groups[dependency.match][group]);
      }
    }
    return begin;
  }

  std::vector<Duration> group_finishes(std::uint32_t awaited,
                                       const model::MatchGroups& groups) const {
    std::vector<Duration> finishes(groups.groups, Duration{0});
    for (ChildIndex child = 0; child < groups.awaited.size(); ++child) {
      const std::uint32_t group = groups.awaited[child];
      if (group != model::kNoGroup)
        finishes[group] = std::max(finishes[group], finish(awaited, child));
    }
    return finishes;
  }

  // What this one waited for longest; none: for nothing, or for its notBefore.
  std::optional<Link> before(Link link) const {
    const JobTimes& times = times_[link.job];
    std::optional<Link> via = times.via;
    if (!times.single) return via;
    Duration latest = times.gate;
    const auto candidate = [&](Link other) {
      const Duration at = finish(other.job, other.child);
      if (at <= latest) return;
      latest = at;
      via = other;
    };
    const model::JobSpec& spec = jobs_[link.job].spec;
    for (const model::Dependency& dependency : spec.depends_on) {
      const std::uint32_t awaited = model::number_of(dependency.job);
      if (dependency.type == DependencyType::NToN) {
        candidate({awaited, link.child});
      } else if (dependency.type == DependencyType::Sequential) {
        if (link.child > 0) candidate({link.job, link.child - 1});
      } else if (dependency.type == DependencyType::Match) {
        const model::MatchGroups& groups = spec.matches[dependency.match];
        const std::uint32_t group = groups.waiting[link.child];
        for (ChildIndex child = 0; group != model::kNoGroup && child < groups.awaited.size();
             ++child)
          if (groups.awaited[child] == group) candidate({awaited, child});
      }
    }
    return via;
  }

  const std::vector<model::PlannedJob>& jobs_;
  const Durations& durations_;
  std::vector<JobTimes> times_;
};

struct Sums {
  double vcpus = 0;
  double memory = 0;
  double gpus = 0;
  void add(const model::Resources& each, double times) {
    vcpus += each.vcpus * times;
    memory += static_cast<double>(each.memory_mib) * times;
    gpus += each.gpus * times;
  }
};

}  // namespace

LowerBound lower_bound(const std::vector<model::PlannedJob>& jobs, const Durations& durations,
                       const std::vector<NodeSpec>& nodes) {
  const Chain chain(jobs, durations);
  Sums work;
  for (std::uint32_t job = 0; job < jobs.size(); ++job) {
    const model::JobSpec& spec = jobs[job].spec;
    const auto time = static_cast<double>(chain.total(job).count());
    if (!spec.gang) {
      work.add(spec.resources, time);
      continue;
    }
    for (const model::GangRange& range : spec.gang->ranges)
      work.add(range.each, time * (range.end - range.begin));
  }
  Sums capacity;
  for (const NodeSpec& node : nodes) capacity.add(node.capacity, 1);
  const auto over = [](double sum, double most) { return most > 0 ? sum / most : 0; };
  const double least =
      std::max({over(work.vcpus, capacity.vcpus), over(work.memory, capacity.memory),
                over(work.gpus, capacity.gpus)});
  return {chain.longest(), Duration{static_cast<std::int64_t>(least)}, chain.path()};
}

}  // namespace mpibatch::sim
