// Whatever happens in whatever order: what was derived step by step is what a fresh start derives,
// and a replay of the facts ends in the same state.
#include <random>

#include "scheduler/state.hpp"
#include "support/scheduler_check.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using model::DependencyType;
using testing::JobBuilder;
using testing::PlanBuilder;
using testing::SchedulerDriver;

class RandomPlayer {
 public:
  explicit RandomPlayer(unsigned seed) : random_(seed), driver_(plan()) {}

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
    PlanBuilder plan;
    plan.queues = {{"low", 1}, {"high", 5}, {"fair", 3}};
    plan.queues[2].policy = 0;
    plan.queues[0].environments = {0, 1};
    plan.environments = {{"small", true, 0, 4, {"n[0-1]"}, {}}, {"all", !chance(5), 0, 0, {}, {}}};
    plan.policies = {{"p", std::chrono::seconds(60), upto(50), {{"a*", 0.5}}}};
    plan.consumables = {{"licence", 3, true}, {"token", 9, false}};
    if (chance(3)) plan.max_failures = upto(6);
    for (int number = 0; number < 6; ++number) {
      if (chance(8)) continue;  // left out of this revision
      JobBuilder job("j" + std::to_string(number));
      job.vcpus(1 + upto(2)).memory(100 * upto(2)).attempts(1 + upto(2));
      job.queue(chance(2) ? "low" : chance(2) ? "high" : "fair");
      if (job.queue_name == "fair") job.share(chance(2) ? "a1" : "b");
      if (chance(4))
        job.array(1).spec.array = false;
      else
        job.keys(keys());
      if (chance(3)) job.memory_times(2, 500);
      if (chance(4)) job.takes("licence", 1 + upto(1));
      if (chance(6)) job.takes("token");
      if (chance(5)) job.max_concurrent(1 + upto(1));
      if (chance(4)) job.max_failures(upto(2));
      if (chance(5)) job.not_before(std::chrono::seconds(upto(20)));
      if (chance(2)) job.expected(std::chrono::seconds(1 + upto(5)));
      if (chance(4)) job.sequential();
      if (chance(4)) job.gang(1 + upto(2), {1, 0}).spec.gang->exclusive = chance(3);
      for (const JobBuilder& earlier : plan.jobs) depend(job, earlier);
      plan.jobs.push_back(std::move(job));
    }
    if (plan.jobs.empty()) plan.jobs.push_back(JobBuilder("j0"));
    return plan;
  }
  void depend(JobBuilder& job, const JobBuilder& earlier) {
    const std::string& name = earlier.spec.name;
    if (chance(6)) job.after(name);
    if (chance(4) && earlier.spec.size == job.spec.size) job.n_to_n(name);
    if (chance(8)) job.after_any(name);
    if (chance(8)) job.after_failure(name);
    const auto types = {DependencyType::All, DependencyType::AfterAny,
                        DependencyType::AfterFailure};
    if (chance(6)) job.after_child(name, upto(earlier.spec.size - 1), types.begin()[upto(2)]);
    if (!chance(4)) return;
    model::MatchGroups groups;
    groups.groups = 1 + upto(std::min(earlier.spec.size, 3U) - 1);
    for (ChildIndex child = 0; child < earlier.spec.size; ++child)
      groups.awaited.push_back(child < groups.groups ? child
                               : chance(4)           ? model::kNoGroup
                                                     : upto(groups.groups - 1));
    for (ChildIndex child = 0; child < job.spec.size; ++child)
      groups.waiting.push_back(upto(groups.groups - 1));
    job.match(name, std::move(groups));
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
    switch (upto(9)) {
      case 0:
        return testing::end_of(model::EndKind::Exited, 1);
      case 1:
        return testing::end_of(model::EndKind::Signaled, 9);
      case 2:
        return testing::end_of(model::EndKind::TimedOut, 143);
      case 3:
        return testing::end_of(model::EndKind::Stopped, 0);
      case 4:
        return testing::end_of(model::EndKind::OutOfMemory, 137);
      case 5:
        return testing::end_of(model::EndKind::CannotStart, 127, "no such command");
      default:
        return {};
    }
  }

  void act() {
    driver_.now += std::chrono::milliseconds(upto(3000));
    switch (upto(15)) {
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
          driver_.happen(CancelJob{request(), *job, some_of(*job), "no", chance(2)});
        break;
      case 10:
        if (const auto job = any_job())
          driver_.happen(
              HoldJob{request(), chance(4) ? std::nullopt : job, some_of(*job), chance(3)});
        break;
      case 11:
        if (const auto job = any_job())
          driver_.happen(RetryJob{request(), *job, some_of(*job), chance(2), chance(2)});
        break;
      case 12:
        if (const auto job = any_job()) driver_.happen(SetPriority{request(), *job, upto(3)});
        break;
      case 13:
        if (const auto job = any_job())
          driver_.apply(model::WaitEnded{*job, some_of(*job), chance(2), "too long"});
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
  std::string request() { return "u" + std::to_string(++requests_); }
  model::Ranges some_of(JobId job) { return some({{0, driver_.core.size(job)}}); }
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
  for (unsigned seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomPlayer(seed).play(120);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace mpibatch::scheduler
