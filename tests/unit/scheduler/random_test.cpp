// Whatever happens in whatever order: what was derived step by step is what a fresh start derives,
// and a replay of the facts ends in the same state.
#include <random>

#include "scheduler/state.hpp"
#include "support/scheduler_check.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using testing::JobBuilder;
using testing::PlanBuilder;
using testing::SchedulerDriver;

class Player {
 public:
  explicit Player(unsigned seed) : random_(seed), driver_(plan()) {}

  void play(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
      act();
      ASSERT_EQ(testing::inconsistency(driver_.core), "") << "step " << step;
    }
    Scheduler replayed;
    for (const model::Fact& fact : driver_.facts) ASSERT_TRUE(replayed.apply(fact));
    ASSERT_EQ(testing::difference(driver_.core, replayed), "");
  }

 private:
  std::uint32_t upto(std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(0, most)(random_);
  }
  bool chance(std::uint32_t in) { return upto(in - 1) == 0; }

  // Jobs j0 to j5 with random keys, each depending on earlier ones at random.
  PlanBuilder plan() {
    PlanBuilder plan{{{"low", 1}, {"high", 5}}, {}};
    for (int number = 0; number < 6; ++number) {
      if (chance(8)) continue;  // left out of this revision
      JobBuilder job("j" + std::to_string(number));
      job.vcpus(1 + upto(2)).memory(100 * upto(2)).queue(chance(2) ? "low" : "high");
      job.attempts(1 + upto(2)).keys(keys());
      if (chance(4)) job.sequential();
      for (const JobBuilder& earlier : plan.jobs) depend(job, earlier);
      plan.jobs.push_back(std::move(job));
    }
    if (plan.jobs.empty()) plan.jobs.push_back(JobBuilder("j0"));
    return plan;
  }
  void depend(JobBuilder& job, const JobBuilder& earlier) {
    if (chance(4)) job.after(earlier.spec.name);
    if (chance(4) && earlier.spec.size == job.spec.size) job.n_to_n(earlier.spec.name);
  }
  std::vector<std::string> keys() {
    std::vector<std::string> all{"a", "b", "c", "d", "e", "f", "g"};
    std::shuffle(all.begin(), all.end(), random_);
    all.resize(chance(2) ? 4 : 1 + upto(6));
    return all;
  }

  std::optional<GrantView> any_grant() {
    const auto grants = driver_.core.grants();
    if (grants.empty()) return std::nullopt;
    return grants[upto(static_cast<std::uint32_t>(grants.size() - 1))];
  }
  model::Ranges some(const model::Ranges& of) {
    std::vector<ChildIndex> children;
    model::for_each(of, [&](ChildIndex child) {
      if (chance(2)) children.push_back(child);
    });
    return model::ranges_of(std::move(children));
  }
  model::AttemptEnd any_end() {
    switch (upto(7)) {
      case 0:
        return testing::end_of(model::EndKind::Exited, 1);
      case 1:
        return testing::end_of(model::EndKind::Signaled, 9);
      case 2:
        return testing::end_of(model::EndKind::TimedOut, 143);
      case 3:
        return testing::end_of(model::EndKind::Stopped, 0);
      default:
        return {};
    }
  }

  void act() {
    switch (upto(11)) {
      case 0:
        driver_.join("n" + std::to_string(upto(3)), {1 + upto(7), 100 * upto(8)}, ++instances_);
        break;
      case 1:
        lose_a_node();
        break;
      case 2:
        if (chance(4)) driver_.adopt(plan());
        break;
      case 3:
        if (const auto job = any_job())
          driver_.happen(CancelJob{"u" + std::to_string(++requests_), *job,
                                   some({{0, driver_.core.spec(*job).size}}), "no"});
        break;
      case 4:
        if (chance(4)) driver_.apply(model::FailedReopened{});
        break;
      case 5:
        if (const auto grant = any_grant()) driver_.returned(grant->id, some(grant->children));
        break;
      case 6:
        if (const auto grant = any_grant()) driver_.started(grant->id, some(grant->children));
        break;
      case 7:
      case 8:
        if (const auto grant = any_grant())
          driver_.ended(grant->id, some(grant->children), any_end());
        break;
      case 9:
        driver_.apply(model::EpochBegan{model::Epoch{++epochs_}, "h", "b", {}, {}});
        break;
      default:
        driver_.decide();
    }
  }
  void lose_a_node() {
    const auto nodes = driver_.core.nodes();
    if (nodes.empty()) return;
    const NodeView& node = nodes[upto(static_cast<std::uint32_t>(nodes.size() - 1))];
    const auto grant = any_grant();
    if (grant && chance(2)) {
      driver_.happen(InstanceGone{grant->node, grant->instance, "lost"});
    } else {
      driver_.happen(InstanceGone{node.id, node.instance, "lost"});
    }
  }
  std::optional<JobId> any_job() {
    const JobId job{upto(5)};
    if (!driver_.core.in_plan(job)) return std::nullopt;
    return job;
  }

  std::mt19937 random_;
  SchedulerDriver driver_;
  std::uint64_t instances_ = 0;
  std::uint32_t epochs_ = 1;
  int requests_ = 0;
};

TEST(Scheduler, DerivesStepByStepWhatAFreshStartDerives) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Player(seed).play(120);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace mpibatch::scheduler
