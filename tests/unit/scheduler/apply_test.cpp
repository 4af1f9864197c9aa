// A fact that cannot be true is refused, and changes nothing.
#include <functional>

#include "scheduler/state.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using testing::JobBuilder;
using testing::SchedulerDriver;

struct Running : SchedulerDriver {
  Running() : SchedulerDriver({{}, {JobBuilder("a").array(4), JobBuilder("b").array(4)}}) {
    join("n1", {2, 0});
    decide();
  }
  void refuses(const model::Fact& fact) {
    const std::string before = core.save();
    const Result<void> done = core.apply(fact);
    ASSERT_FALSE(done) << model::to_string(fact);
    EXPECT_EQ(done.error().kind, ErrorKind::Damaged);
    EXPECT_EQ(core.save(), before) << model::to_string(fact);
  }
  void refuses_plan(const std::function<void(model::PlanAdopted&)>& spoil) {
    model::PlanAdopted fact = adopted.fact;
    fact.revision = model::Revision{2};
    spoil(fact);
    refuses(fact);
  }
};

TEST(Apply, RefusesAnEpochThatHasBeen) {
  Running driver;
  driver.refuses(model::EpochBegan{model::Epoch{1}, "h", "b", {}, {}});
  driver.apply(model::EpochBegan{model::Epoch{3}, "h", "b", {}, {}});
  driver.refuses(model::EpochBegan{model::Epoch{2}, "h", "b", {}, {}});
}

TEST(Apply, RefusesNodesThatCannotBe) {
  Running driver;
  driver.refuses(model::NodeJoined{NodeId{2}, {"n9", 0}, {1}, "b", {1, 0}});
  driver.refuses(model::NodeJoined{NodeId{0}, {"n9", 0}, {1}, "b", {1, 0}});
  driver.refuses(model::NodeGone{NodeId{7}, {1}, "x"});
  driver.refuses(model::LeaseAwaited{NodeId{7}, {1}, {}});
}

TEST(Apply, RefusesGrantsThatCannotBe) {
  Running driver;
  const auto grant = [&](std::uint32_t node, std::uint32_t job, model::Ranges children,
                         std::uint32_t number = 9) {
    return model::Granted{driver.grant(number), NodeId{node}, {1}, JobId{job}, std::move(children)};
  };
  driver.refuses(grant(7, 1, {{0, 1}}));
  driver.refuses(grant(0, 7, {{0, 1}}));
  driver.refuses(grant(0, 1, {}));
  driver.refuses(grant(0, 1, {{2, 1}}));
  driver.refuses(grant(0, 1, {{0, 5}}));
  driver.refuses(grant(0, 0, {{1, 3}}));  // child 1 is granted already
  driver.refuses(grant(0, 1, {{0, 1}}, 1));
  driver.apply(grant(0, 1, {{0, 4}}));
}

TEST(Apply, RefusesWhatBelongsToNoGrant) {
  Running driver;
  driver.refuses(model::Started{driver.grant(9), {{0, 1}}});
  driver.refuses(model::Ended{driver.grant(9), {{0, 1}}, {}, {}});
  driver.refuses(model::Returned{driver.grant(9), {{0, 1}}});
  driver.refuses(model::CancelRequested{"u", JobId{9}, {{0, 1}}, "no"});
}

TEST(Apply, RefusesAnEndOfTheRunBeforeItsTime) {
  Running driver;
  driver.refuses(model::RunFinished{false});
}

TEST(Apply, RefusesPlansThatCannotBe) {
  Running driver;
  driver.refuses_plan([](auto& plan) { plan.rules.queues.clear(); });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].spec.queue = 1; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].spec.size = 0; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].spec.size = model::kChildrenMax + 1; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].spec.resources.vcpus = 0; });
  driver.refuses_plan([](auto& plan) { plan.jobs[1].id = plan.jobs[0].id; });
  driver.refuses_plan([](auto& plan) { plan.jobs[1].id = JobId{1000}; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].spec.depends_on = {{JobId{5}, {}}}; });
}

TEST(Apply, RefusesDependenciesThatReachBeyondAnArray) {
  Running driver;
  driver.refuses_plan([](auto& plan) {
    plan.jobs[1].spec.depends_on = {{JobId{0}, model::DependencyType::NToN}};
    plan.jobs[1].spec.size = 5;
  });
  driver.refuses_plan([](auto& plan) {
    plan.jobs[1].spec.depends_on = {{JobId{0}, model::DependencyType::Sequential}};
  });
}

TEST(Apply, RefusesMovesThatCannotBe) {
  Running driver;
  driver.refuses_plan([](auto& plan) { plan.jobs[0].kept = {{0, 0, 5}}; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].kept = {{3, 0, 2}}; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].kept = {{0, 3, 2}}; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].kept = {{0, 0, 2}, {1, 2, 1}}; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].kept = {{0, 0, 2}, {2, 1, 1}}; });
  driver.refuses_plan([](auto& plan) { plan.jobs[0].kept = {{0xFFFFFFFF, 0, 2}}; });
}

TEST(Apply, NamesTheFactThatItRefuses) {
  Running driver;
  const auto done = driver.core.apply(model::Returned{driver.grant(9), {{0, 1}}});
  EXPECT_EQ(done.error().message,
            "the journal says 'Returned 1.9 children 0', but there is no such grant");
}

}  // namespace
}  // namespace mpibatch::scheduler
