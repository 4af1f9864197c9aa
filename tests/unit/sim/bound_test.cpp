#include "sim/bound.hpp"

#include <gtest/gtest.h>

#include "support/job_builder.hpp"

namespace mpibatch::sim {
namespace {

using namespace std::chrono_literals;
using Kind = model::Expectation::Kind;
using testing::JobBuilder;

// The jobs of a plan; each takes as many seconds as its `expected` says.
std::vector<model::PlannedJob> jobs_of(std::vector<JobBuilder> builders) {
  const testing::Adopted adopted = testing::adopt({{}, std::move(builders)}, {});
  std::vector<model::PlannedJob> jobs;
  for (const auto& [id, job] : adopted.jobs) jobs.push_back(job);
  for (model::PlannedJob& job : jobs)
    job.expected = {Kind::Fixed, std::chrono::duration<double>(job.spec.expected).count(), 0};
  return jobs;
}

LowerBound bound_of(std::vector<JobBuilder> builders, std::uint32_t vcpus = 1000) {
  const auto jobs = jobs_of(std::move(builders));
  return lower_bound(jobs, Durations(jobs, {}, 1), {{"n", {vcpus, 100'000, 2}, {}}});
}

std::vector<std::string> names(const LowerBound& bound, const std::vector<std::string>& jobs) {
  std::vector<std::string> found;
  for (const PathStep& step : bound.path)
    found.push_back(jobs[step.job] + (step.child ? ":" + std::to_string(*step.child) : ""));
  return found;
}

TEST(LowerBound, IsTheLongestChain) {
  const LowerBound bound =
      bound_of({JobBuilder("a").expected(3s), JobBuilder("b").expected(5s),
                JobBuilder("c").expected(2s).after("a").after("b"), JobBuilder("d").expected(6s)});
  EXPECT_EQ(bound.critical_path, 7s);
  EXPECT_EQ(names(bound, {"a", "b", "c", "d"}), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(bound.path[1].start, 5s);
  EXPECT_EQ(bound.path[1].takes, 2s);
}

TEST(LowerBound, IsAllWorkOverAllCapacity) {
  EXPECT_EQ(bound_of({JobBuilder("a").array(100).expected(3s)}, 10).work, 30s);
  EXPECT_EQ(bound_of({JobBuilder("a").array(10).gpus(1).expected(3s)}).work, 15s)
      << "of the scarcest";
  EXPECT_EQ(bound_of({JobBuilder("a").gang(4, {5, 0, 0}).expected(10s)}, 10).work, 20s);
}

TEST(LowerBound, FollowsSingleChildren) {
  const LowerBound chain = bound_of({JobBuilder("a").array(5).sequential().expected(2s)});
  EXPECT_EQ(chain.critical_path, 10s);
  EXPECT_EQ(chain.path.size(), 5U);
  const LowerBound pairs = bound_of({JobBuilder("a").array(3).sequential().expected(2s),
                                     JobBuilder("b").array(3).n_to_n("a").expected(1s),
                                     JobBuilder("c").after_child("b", 1).expected(7s)});
  EXPECT_EQ(pairs.critical_path, 12s);
  EXPECT_EQ(names(pairs, {"a", "b", "c"}), (std::vector<std::string>{"a:0", "a:1", "b:1", "c"}));
}

TEST(LowerBound, FollowsMatchGroups) {
  model::MatchGroups groups;
  groups.groups = 2;
  groups.awaited = {0, 1, 0, 1};
  groups.waiting = {0, 1};
  const LowerBound bound = bound_of({JobBuilder("a").array(4).sequential().expected(1s),
                                     JobBuilder("b").array(2).match("a", groups).expected(5s)});
  EXPECT_EQ(bound.critical_path, 9s);
  EXPECT_EQ(names(bound, {"a", "b"}).back(), "b:1");
  EXPECT_EQ(bound.path.size(), 5U);
}

TEST(LowerBound, LeavesOutWhatIsForAFailure) {
  const LowerBound bound =
      bound_of({JobBuilder("a").expected(3s), JobBuilder("mend").after_failure("a").expected(100s),
                JobBuilder("b").after("mend").expected(4s)});
  EXPECT_EQ(bound.critical_path, 7s);
  EXPECT_EQ(names(bound, {"a", "mend", "b"}), (std::vector<std::string>{"a", "b"}));
}

TEST(LowerBound, CountsWhatMayNotStartBefore) {
  const LowerBound bound = bound_of({JobBuilder("a").expected(3s).not_before(60s)});
  EXPECT_EQ(bound.critical_path, 63s);
  EXPECT_EQ(bound.path.at(0).start, 60s);
}

}  // namespace
}  // namespace mpibatch::sim
