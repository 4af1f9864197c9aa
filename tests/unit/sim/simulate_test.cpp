#include <mpibatch/sim/simulate.hpp>

#include <gtest/gtest.h>

#include "sim/durations.hpp"
#include "support/job_builder.hpp"

namespace mpibatch::sim {
namespace {

using namespace std::chrono_literals;
using Kind = model::Expectation::Kind;
using testing::JobBuilder;

model::Plan plan_of(testing::PlanBuilder builder) {
  const testing::Adopted adopted = testing::adopt(std::move(builder), {});
  model::Plan plan;
  plan.rules = adopted.fact.rules;
  for (const auto& [id, job] : adopted.jobs) {
    plan.jobs.push_back(job);
    model::PlannedJob& planned = plan.jobs.back();
    if (planned.spec.expected > Duration{0})
      planned.expected = {Kind::Fixed, std::chrono::duration<double>(planned.spec.expected).count(),
                          0};
  }
  return plan;
}

Setup cluster(std::size_t nodes, model::Resources each) {
  sim::Setup setup;
  for (std::size_t i = 1; i <= nodes; ++i)
    setup.nodes.push_back({"node" + std::to_string(i), each, {}});
  return setup;
}

Report simulated(testing::PlanBuilder builder, const Setup& setup) {
  auto report = simulate(plan_of(std::move(builder)), setup);
  EXPECT_TRUE(report) << (report ? "" : report.error().message);
  return report ? *report : Report{};
}

TEST(Simulate, AnArrayGoesInRounds) {
  const Report report =
      simulated({{}, {JobBuilder("a").array(100).expected(10s)}}, cluster(2, {8, 1000, 0}));
  EXPECT_TRUE(report.fits);
  EXPECT_EQ(report.makespan, 70s);
  EXPECT_EQ(report.bound.critical_path, 10s);
  EXPECT_EQ(report.bound.work, 62500ms);
  EXPECT_NEAR(report.utilisation, 100.0 * 10 / (16 * 70), 1e-6);
  EXPECT_EQ(report.attempts, 100U);
  ASSERT_EQ(report.queues.size(), 1U);
  EXPECT_EQ(report.all.waiting.count, 100U);
  EXPECT_NEAR(report.all.waiting.max, 60, 0.5);
  EXPECT_NEAR(report.all.waiting.mean, (16.0 * (10 + 20 + 30 + 40 + 50) + 4 * 60) / 100, 1e-6);
  EXPECT_NEAR(report.all.slowdown.max, 7, 0.1);
}

TEST(Simulate, WaitingCountsFromWhenDependenciesWereMet) {
  const Report report = simulated(
      {{},
       {JobBuilder("a").array(4).expected(100s), JobBuilder("b").array(4).n_to_n("a").expected(1s),
        JobBuilder("c").after("b").expected(1s)}},
      cluster(1, {4, 1000, 0}));
  EXPECT_EQ(report.makespan, 102s);
  EXPECT_EQ(report.all.waiting.max, 0);
  EXPECT_EQ(report.bound.value(), report.makespan);
}

TEST(Simulate, SameSeedSameReport) {
  testing::PlanBuilder builder{
      {}, {JobBuilder("a").array(300), JobBuilder("b").array(300).n_to_n("a")}};
  model::Plan plan = plan_of(builder);
  for (model::PlannedJob& job : plan.jobs) job.expected = {Kind::Lognormal, 1, 1};
  sim::Setup setup = cluster(3, {8, 1000, 0});
  setup.losses_per_node_hour = 10;
  setup.back_after = 20s;
  const auto one = simulate(plan, setup);
  const auto same = simulate(plan, setup);
  setup.seed = 2;
  const auto other = simulate(plan, setup);
  ASSERT_TRUE(one && same && other);
  EXPECT_EQ(one->makespan, same->makespan);
  EXPECT_EQ(one->attempts_lost, same->attempts_lost);
  EXPECT_EQ(one->load.busy, same->load.busy);
  EXPECT_NE(one->makespan, other->makespan);
}

TEST(Simulate, GangsTakeAllOfTheirNodesAtOnce) {
  const Report report = simulated({{},
                                   {JobBuilder("fill").array(3).vcpus(8).expected(10s),
                                    JobBuilder("gang").gang(3, {4, 0, 0}).expected(20s),
                                    JobBuilder("tail").after("gang").expected(5s)}},
                                  cluster(3, {8, 1000, 0}));
  EXPECT_TRUE(report.fits) << ::testing::PrintToString(report.reasons);
  EXPECT_EQ(report.makespan, 35s);
  EXPECT_EQ(report.counts[model::ChildState::Succeeded], 5U);
}

TEST(Simulate, WhatDoesNotFitTheNodesIsTold) {
  const Report report =
      simulated({{}, {JobBuilder("big").vcpus(9), JobBuilder("small")}}, cluster(2, {8, 1000, 0}));
  EXPECT_FALSE(report.fits);
  ASSERT_FALSE(report.reasons.empty());
  EXPECT_EQ(report.reasons[0], "job 'big' needs 9 vCPUs on one node; the largest of 2 has 8");
}

TEST(Simulate, WhatDoesNotFitTheWalltimeIsTold) {
  sim::Setup setup = cluster(1, {4, 1000, 0});
  setup.walltime = 35s;
  const Report report = simulated({{}, {JobBuilder("a").array(20).expected(10s)}}, setup);
  EXPECT_FALSE(report.fits);
  EXPECT_EQ(report.counts[model::ChildState::Succeeded], 12U);
  EXPECT_EQ(report.makespan, 30s) << "nothing starts that is not expected to end";
  ASSERT_FALSE(report.reasons.empty());
  setup.walltime = 60s;
  EXPECT_TRUE(simulated({{}, {JobBuilder("a").array(20).expected(10s)}}, setup).fits);
}

TEST(Simulate, ALostNodesWorkRunsAgainElsewhereAfterItsLease) {
  sim::Setup setup = cluster(2, {4, 1000, 0});
  setup.losses = {{"node1", 5s}};
  const Report report = simulated({{}, {JobBuilder("a").array(8).expected(10s)}}, setup);
  EXPECT_TRUE(report.fits) << ::testing::PrintToString(report.reasons);
  EXPECT_EQ(report.nodes_lost, 1U);
  EXPECT_EQ(report.attempts_lost, 4U);
  EXPECT_EQ(report.attempts, 12U);
  EXPECT_GT(report.makespan, 60s);
  EXPECT_LT(report.makespan, 120s);
}

TEST(Simulate, ANodeThatComesBackIsUsedAgain) {
  sim::Setup setup = cluster(1, {4, 1000, 0});
  setup.losses = {{"node1", 5s}};
  setup.back_after = 30s;
  const Report report = simulated({{}, {JobBuilder("a").array(4).expected(10s)}}, setup);
  EXPECT_TRUE(report.fits) << ::testing::PrintToString(report.reasons);
  EXPECT_EQ(report.makespan, 45s);
  setup.back_after.reset();
  EXPECT_FALSE(simulated({{}, {JobBuilder("a").array(4).expected(10s)}}, setup).fits);
}

TEST(Simulate, AGangSurvivesTheLossOfItsNodes) {
  sim::Setup setup = cluster(3, {4, 1000, 0});
  setup.losses = {{"node2", 5s}};
  const Report report = simulated({{}, {JobBuilder("g").gang(2, {4, 0, 0}).expected(10s)}}, setup);
  EXPECT_TRUE(report.fits) << ::testing::PrintToString(report.reasons);
}

TEST(Simulate, TimeoutsEndAttempts) {
  model::Plan plan = plan_of({{}, {JobBuilder("a").expected(100s), JobBuilder("b").after("a")}});
  plan.jobs[0].execution.timeout = 30s;
  const auto report = simulate(plan, cluster(1, {4, 1000, 0}));
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->fits);
  EXPECT_EQ(report->makespan, 30s);
  EXPECT_EQ(report->counts[model::ChildState::Failed], 1U);
  EXPECT_EQ(report->counts[model::ChildState::DependencyFailed], 1U);
}

TEST(Simulate, QueuesAreReportedApart) {
  const Report report = simulated({{{"low", 1}, {"high", 9}},
                                   {JobBuilder("l").array(4).vcpus(4).queue("low").expected(10s),
                                    JobBuilder("h").array(4).vcpus(4).queue("high").expected(10s)}},
                                  cluster(1, {4, 1000, 0}));
  ASSERT_EQ(report.queues.size(), 2U);
  EXPECT_EQ(report.queues[0].waiting.count, 4U);
  EXPECT_NEAR(report.queues[1].waiting.mean, 15, 1e-6);
  EXPECT_NEAR(report.queues[0].waiting.mean, 55, 1e-6);
}

TEST(Simulate, RefusesASetupThatCannotBe) {
  EXPECT_FALSE(simulate(plan_of({{}, {JobBuilder("a")}}), sim::Setup{}));
  sim::Setup setup = cluster(1, {1, 1, 0});
  setup.losses = {{"nowhere", 1s}};
  EXPECT_FALSE(simulate(plan_of({{}, {JobBuilder("a")}}), setup));
  setup = cluster(1, {1, 1, 0});
  setup.nodes.push_back(setup.nodes[0]);
  EXPECT_FALSE(simulate(plan_of({{}, {JobBuilder("a")}}), setup));
}

TEST(Simulate, AnEmptyPlanEndsAtOnce) {
  const Report report = simulated({{}, {}}, cluster(1, {1, 1, 0}));
  EXPECT_TRUE(report.fits);
  EXPECT_EQ(report.makespan, 0s);
}

// Workflows as pipelines have them: 2,000 jobs in levels, joins of up to 600, times that vary.
testing::PlanBuilder workflow(std::uint64_t seed) {
  testing::PlanBuilder builder;
  auto number = [at = seed * 1'000'003](std::uint64_t below) mutable {
    return mix(at++) % below;
  };
  std::size_t level_begin = 0;
  while (builder.jobs.size() < 2000) {
    const std::size_t end = builder.jobs.size();
    const std::size_t width = std::min<std::size_t>(1 + number(900), 2000 - end);
    for (std::size_t i = 0; i < width; ++i) {
      JobBuilder job("j" + std::to_string(end + i));
      job.vcpus(static_cast<std::uint32_t>(1 + number(8)));
      job.expected(std::chrono::milliseconds(100 + number(100'000)));
      const std::size_t before = end - level_begin;
      const std::size_t edges = std::min<std::size_t>(before, number(20) == 0 ? 600 : number(4));
      const std::size_t first = before == 0 ? 0 : number(before);
      for (std::size_t edge = 0; edge < edges; ++edge)
        job.after("j" + std::to_string(level_begin + (first + edge) % before));
      builder.jobs.push_back(std::move(job));
    }
    level_begin = end;
  }
  return builder;
}

TEST(Simulate, WorkflowsReachTheirLowerBoundWhereCpusArePlentiful) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Report report = simulated(workflow(seed), cluster(64, {64, 1'000'000, 0}));
    EXPECT_TRUE(report.fits);
    const auto makespan = static_cast<double>(report.makespan.count());
    EXPECT_LE(makespan, 1.05 * static_cast<double>(report.bound.value().count()))
        << "seed " << seed;
    EXPECT_GE(report.makespan, report.bound.value()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace mpibatch::sim
