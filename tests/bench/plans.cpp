#include "bench/plans.hpp"

#include <algorithm>
#include <random>

#include <fmt/format.h>

namespace mpibatch::bench {

namespace {

model::PlanAdopted empty_plan(std::uint32_t jobs) {
  model::PlanAdopted plan;
  plan.revision = model::Revision{1};
  plan.rules.queues.push_back({"default", 1});
  plan.jobs.resize(jobs);
  for (std::uint32_t job = 0; job < jobs; ++job) {
    plan.jobs[job].id = model::JobId{job};
    plan.jobs[job].spec.name = fmt::format("job-{}", job);
  }
  return plan;
}

void wait_for(model::PlanAdopted& plan, std::uint32_t job, std::uint32_t awaited) {
  plan.jobs[job].spec.depends_on.push_back({model::JobId{awaited}});
}

}  // namespace

model::PlanAdopted array_plan(model::ChildIndex size) {
  model::PlanAdopted plan = empty_plan(1);
  plan.jobs[0].spec.array = true;
  plan.jobs[0].spec.size = size;
  return plan;
}

model::PlanAdopted chain_plan(std::uint32_t jobs) {
  model::PlanAdopted plan = empty_plan(jobs);
  for (std::uint32_t job = 1; job < jobs; ++job) wait_for(plan, job, job - 1);
  return plan;
}

model::PlanAdopted fan_plan(std::uint32_t jobs) {
  model::PlanAdopted plan = empty_plan(jobs);
  for (std::uint32_t job = 1; job + 1 < jobs; ++job) {
    wait_for(plan, job, 0);
    wait_for(plan, jobs - 1, job);
  }
  return plan;
}

model::PlanAdopted random_plan(std::uint32_t jobs) {
  model::PlanAdopted plan = empty_plan(jobs);
  std::mt19937_64 random(1);
  for (std::uint32_t job = 1; job < jobs; ++job) {
    const std::uint32_t wanted = std::min(kDependenciesEach, job);
    plan.jobs[job].spec.depends_on.reserve(wanted);
    // Any earlier one, but no two alike: one from each of as many equal parts.
    for (std::uint32_t part = 0; part < wanted; ++part) {
      const std::uint64_t begin = std::uint64_t{job} * part / wanted;
      const std::uint64_t end = std::uint64_t{job} * (part + 1) / wanted;
      wait_for(plan, job, static_cast<std::uint32_t>(begin + random() % (end - begin)));
    }
  }
  return plan;
}

}  // namespace mpibatch::bench
