#include "sim/waiting.hpp"

#include <algorithm>

namespace mpibatch::sim {

using model::DependencyType;

Waiting::Waiting(const std::vector<model::PlannedJob>& jobs, Instant begin)
    : plan_(jobs), begin_(begin), jobs_(jobs.size()) {
  for (std::uint32_t number = 0; number < jobs.size(); ++number) {
    const model::JobSpec& spec = jobs[number].spec;
    jobs_[number].matches.resize(spec.matches.size());
    for (const model::Dependency& dependency : spec.depends_on) {
      const std::uint32_t awaited = model::number_of(dependency.job);
      const bool one = dependency.child != model::kAllChildren;
      if ((dependency.type == DependencyType::NToN || one) && jobs_[awaited].children.empty())
        jobs_[awaited].children.resize(jobs[awaited].spec.size, begin);
      if (dependency.type == DependencyType::Match) {
        jobs_[number].matches[dependency.match] = groups_.size();
        jobs_[awaited].groups.push_back(groups_.size());
        const std::uint32_t count = spec.matches[dependency.match].groups;
        groups_.push_back({number, dependency.match, std::vector<Instant>(count, begin)});
      }
      jobs_[number].single = jobs_[number].single || dependency.type == DependencyType::NToN ||
                             dependency.type == DependencyType::Match ||
                             dependency.type == DependencyType::Sequential;
    }
  }
}

// None: that of a job of which nothing ran, and whose own dependencies are not known yet.
std::optional<Instant> Waiting::passed(const model::Dependency& dependency) const {
  const Job& awaited = jobs_[model::number_of(dependency.job)];
  if (dependency.child != model::kAllChildren) return awaited.children[dependency.child];
  return awaited.ended_at ? awaited.ended_at : awaited.ready;
}

bool Waiting::settle(std::uint32_t job, std::vector<std::uint32_t>& stack) {
  const model::JobSpec& spec = plan_[job].spec;
  Instant at = begin_ + spec.not_before;
  bool known = true;
  for (const model::Dependency& dependency : spec.depends_on) {
    if (dependency.type != DependencyType::All && dependency.type != DependencyType::AfterAny &&
        dependency.type != DependencyType::AfterFailure)
      continue;
    if (const auto passed_at = passed(dependency)) {
      at = std::max(at, *passed_at);
    } else {
      stack.push_back(model::number_of(dependency.job));
      known = false;
    }
  }
  if (known) jobs_[job].ready = at;
  return known;
}

Instant Waiting::gates_ready(std::uint32_t job) {
  std::vector<std::uint32_t> stack{job};
  while (!jobs_[job].ready) {
    const std::uint32_t top = stack.back();
    if (jobs_[top].ready || settle(top, stack)) stack.pop_back();
  }
  return *jobs_[job].ready;
}

Instant Waiting::ready(std::uint32_t number, model::ChildIndex child) {
  Instant at = gates_ready(number);
  const Job& job = jobs_[number];
  if (!job.single) return at;
  const model::JobSpec& spec = plan_[number].spec;
  for (const model::Dependency& dependency : spec.depends_on) {
    if (dependency.type == DependencyType::NToN) {
      at = std::max(at, jobs_[model::number_of(dependency.job)].children[child]);
    } else if (dependency.type == DependencyType::Sequential) {
      if (child > 0 && job.ended_at) at = std::max(at, *job.ended_at);
    } else if (dependency.type == DependencyType::Match) {
      const std::uint32_t group = spec.matches[dependency.match].waiting[child];
      if (group != model::kNoGroup)
        at = std::max(at, groups_[job.matches[dependency.match]].ended_at[group]);
    }
  }
  return at;
}

void Waiting::ended(std::uint32_t number, model::Range children, Instant at) {
  Job& job = jobs_[number];
  job.ended_at = at;
  if (!job.children.empty())
    std::fill(job.children.begin() + children.begin, job.children.begin() + children.end, at);
  for (const std::size_t index : job.groups) {
    Groups& groups = groups_[index];
    const std::vector<std::uint32_t>& awaited =
        plan_[groups.job].spec.matches[groups.match].awaited;
    for (model::ChildIndex child = children.begin; child < children.end; ++child)
      if (awaited[child] != model::kNoGroup) groups.ended_at[awaited[child]] = at;
  }
}

}  // namespace mpibatch::sim
