#include <functional>

#include <mpibatch/base/layout.hpp>

#include "scheduler/saved.hpp"
#include "scheduler/state.hpp"
#include "support/scheduler_check.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using testing::JobBuilder;
using testing::SchedulerDriver;

// Something of everything that is saved.
SchedulerDriver eventful() {
  SchedulerDriver driver({{{"low", 1}, {"high", 9}},
                          {JobBuilder("a").keys({"p", "q", "r", "s", "t"}).attempts(3),
                           JobBuilder("b").array(5).n_to_n("a").memory(10),
                           JobBuilder("c").array(3).sequential().queue("high"),
                           JobBuilder("d").after("a").after("c")}});
  driver.join("n1", {5, 100});
  driver.decide();
  driver.started(driver.grant(1), {{0, 1}});
  driver.ended(driver.grant(2), {{0, 1}});
  driver.ended(driver.grant(2), {{1, 2}}, testing::end_of(model::EndKind::Exited, 1, "bad"));
  driver.decide();
  driver.happen(CancelJob{"u1", driver.job("a"), {{3, 4}}, "not needed"});
  driver.happen(CancelJob{"u2", driver.job("b"), {{4, 5}}, "neither"});
  driver.apply(model::LeaseAwaited{NodeId{0}, {1}, instant_from_us(123)});
  driver.adopt({{{"low", 1}, {"high", 9}},
                {JobBuilder("c").array(3).sequential().queue("high"),
                 JobBuilder("a").keys({"t", "s", "q", "new", "p"}).attempts(3),
                 JobBuilder("b").array(5).n_to_n("a").memory(10), JobBuilder("e").after("c")}});
  driver.join("n2", {8, 50}, 7);
  driver.decide();
  driver.happen(InstanceGone{NodeId{0}, {1}, "gone"});
  return driver;
}

TEST(Save, ComesBackAsItWas) {
  const SchedulerDriver driver = eventful();
  EXPECT_EQ(testing::inconsistency(driver.core), "");
  const auto loaded = Scheduler::load(driver.core.save());
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->revision(), driver.core.revision());
  EXPECT_EQ(loaded->rules(), driver.core.rules());
  EXPECT_EQ(loaded->find("e"), driver.core.find("e"));
  EXPECT_EQ(loaded->find("d"), std::nullopt);
  EXPECT_TRUE(loaded->request_known("u2"));
  EXPECT_EQ(loaded->nodes().size(), 2U);
  EXPECT_EQ(loaded->nodes()[1].granted, driver.core.nodes()[1].granted);
  EXPECT_EQ(loaded->grants().size(), driver.core.grants().size());
}

TEST(Save, DecidesAsTheOriginalDoes) {
  SchedulerDriver driver = eventful();
  auto loaded = Scheduler::load(driver.core.save());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->decide({}), driver.core.decide({}));
}

TEST(Save, IsTheSameFromTheSameFacts) {
  const SchedulerDriver driver = eventful();
  Scheduler replayed;
  for (const model::Fact& fact : driver.facts) ASSERT_TRUE(replayed.apply(fact));
  EXPECT_EQ(replayed.save(), driver.core.save());
}

TEST(Save, IsTheSameWhetherItWasLoadedBetweenOrNot) {
  SchedulerDriver driver({{}, {JobBuilder("a")}});
  driver.join("n1", {1, 0});
  driver.happen(HoldJob{"u1", driver.job("a"), {{0, 1}}, true});
  driver.happen(HoldJob{"u2", driver.job("a"), {{0, 1}}, false});
  auto loaded = Scheduler::load(driver.core.save());
  ASSERT_TRUE(loaded);
  const std::size_t before = driver.facts.size();
  driver.decide();
  driver.started(driver.grant(1), {{0, 1}});
  driver.ended(driver.grant(1), {{0, 1}});
  for (std::size_t i = before; i < driver.facts.size(); ++i)
    ASSERT_TRUE(loaded->apply(driver.facts[i]));
  EXPECT_EQ(loaded->save(), driver.core.save());
}

TEST(Save, OfNothingComesBack) {
  const auto loaded = Scheduler::load(Scheduler().save());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->job_count(), 0U);
}

TEST(Load, RefusesEveryTruncation) {
  const std::string bytes = eventful().core.save();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(Scheduler::load(bytes.substr(0, size))) << size;
  EXPECT_FALSE(Scheduler::load(bytes + '\0'));
}

TEST(Load, RefusesAnotherVersion) {
  std::string bytes = eventful().core.save();
  bytes[0] = '\x63';
  const auto loaded = Scheduler::load(bytes);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::Damaged);
  EXPECT_NE(loaded.error().message.find("version 99"), std::string::npos);
}

TEST(Load, RefusesJobsInPlacesThatCannotBe) {
  const std::string bytes = eventful().core.save();
  const auto refused = [&](const std::function<void(std::vector<SavedJob>&)>& change) {
    std::uint32_t version = 0;
    Saved saved;
    LayoutReader reader(bytes);
    reader& version& saved& saved.promises;
    EXPECT_TRUE(reader.at_end());
    change(saved.jobs);
    LayoutWriter writer;
    writer& version& saved& saved.promises;
    return !Scheduler::load(writer.take());
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& jobs) { jobs[0].order = jobs[1].order; })) << "two in one place";
  EXPECT_TRUE(refused([](auto& jobs) { jobs[0].order = 1000; }));
  EXPECT_TRUE(refused([](auto& jobs) { jobs[0].first_child = jobs[1].first_child; }));
  EXPECT_TRUE(refused([](auto& jobs) { jobs[0].first_child += 1; }));
  EXPECT_TRUE(refused([](auto& jobs) { jobs[0].size -= 1; }));
  EXPECT_TRUE(refused([](auto& jobs) { jobs[0].kind = 1000; }));
  EXPECT_TRUE(refused([](auto& jobs) { jobs[0].in_plan = false; }));
  // A place of the plan that no job has.
  EXPECT_TRUE(refused([](auto& jobs) {
    for (SavedJob& job : jobs) job.order += job.in_plan ? 1 : 0;
  }));
}

// Whatever a damaged byte turns into: it is refused, or can be worked with without a crash.
TEST(Load, SurvivesEveryDamagedByte) {
  const std::string good = eventful().core.save();
  for (std::size_t place = 0; place < good.size(); ++place) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string bytes = good;
      bytes[place] = static_cast<char>(bytes[place] ^ flip);
      auto loaded = Scheduler::load(bytes);
      if (!loaded) continue;
      (void)loaded->stuck();
      (void)loaded->unsatisfiable();
      (void)loaded->decide({});
      for (const scheduler::GrantView& grant : loaded->grants()) {
        AttemptsEnded event{grant.node, grant.instance, {}};
        model::for_each(grant.children, [&](ChildIndex child) {
          event.ends.push_back({{grant.job, child, grant.id}, {}});
        });
        for (const model::Fact& fact : loaded->on(event, {})) EXPECT_TRUE(loaded->apply(fact));
      }
    }
  }
}

}  // namespace
}  // namespace mpibatch::scheduler
