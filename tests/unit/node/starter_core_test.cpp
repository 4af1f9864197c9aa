#include <mpibatch/node/starter_core.hpp>

#include <gtest/gtest.h>

#include "unit/node/core_driver.hpp"

namespace mpibatch::node {
namespace {

using model::EndKind;

TEST(StarterCore, AnswersAttachWithHelloFirst) {
  CoreDriver driver(settings_of(2));
  driver.attach();
  ASSERT_FALSE(driver.up.empty());
  const auto* hello = std::get_if<protocol::Hello>(&driver.up.front());
  ASSERT_NE(hello, nullptr);
  EXPECT_EQ(hello->instance, kMe);
  EXPECT_EQ(hello->capacity.vcpus, 2U);
  EXPECT_TRUE(hello->inventory.empty());
  EXPECT_EQ(driver.last_message.epoch, model::Epoch{1});
}

TEST(StarterCore, RefusesAnotherRunAndKeepsItsOwn) {
  AttachedDriver driver(1);
  driver.forget_said();
  protocol::Attach other;
  other.run = "r2";
  driver.down({other}, 9, {});
  EXPECT_EQ(driver.said<protocol::Refused>().size(), 1U);
  driver.down({grant_of(1, 0, {{0, 1}})});
  EXPECT_EQ(driver.spawned.size(), 1U);
}

TEST(StarterCore, DropsOlderEpochsAndOtherInstances) {
  AttachedDriver driver(4);
  driver.attach(2);
  driver.down({protocol::Templates{{job_of(0)}}}, 2);
  driver.down({grant_of(1, 0, {{0, 1}})}, 1);
  driver.down({grant_of(1, 0, {{0, 1}}, 2)}, 2, {78});
  driver.down({grant_of(1, 0, {{0, 1}}, 2)}, 3);  // an epoch that has not attached
  driver.down({protocol::Leave{true}}, 1);
  EXPECT_TRUE(driver.spawned.empty());
  EXPECT_TRUE(driver.exits.empty());
  driver.down({grant_of(2, 0, {{0, 1}}, 2)}, 2);
  EXPECT_EQ(driver.spawned.size(), 1U);
}

TEST(StarterCore, StartsInGrantOrderAndNeverOvertakes) {
  AttachedDriver driver(2);
  driver.down({grant_of(1, 0, {{0, 1}}), grant_of(2, 1, {{5, 6}}), grant_of(3, 0, {{7, 8}})});
  ASSERT_EQ(driver.spawned.size(), 1U);  // the two-slot job waits, and nothing passes it
  driver.started(driver.spawned[0].execution);
  driver.ended(driver.spawned[0].execution);
  ASSERT_EQ(driver.spawned.size(), 2U);
  EXPECT_EQ(driver.spawned[1].execution.child, 5U);
  driver.started(driver.spawned[1].execution);
  driver.ended(driver.spawned[1].execution);
  ASSERT_EQ(driver.spawned.size(), 3U);
  EXPECT_EQ(driver.spawned[2].execution.child, 7U);
}

TEST(StarterCore, CountsMemory) {
  CoreDriver driver(settings_of(8));
  driver.attach();
  protocol::Grant big = grant_of(1, 0, {{0, 3}});
  big.each.memory_mib = 600;
  driver.down({protocol::Templates{{job_of(0)}}, big});
  EXPECT_EQ(driver.spawned.size(), 1U);
}

TEST(StarterCore, GivesEachChildItsValuesAndAttempt) {
  AttachedDriver driver(4);
  protocol::Grant grant = grant_of(1, 0, {{2, 3}, {8, 10}});
  grant.values = {{"a"}, {"b"}, {"c"}};
  grant.attempts = {1, 2, 3};
  driver.down({grant});
  ASSERT_EQ(driver.spawned.size(), 3U);
  EXPECT_EQ(driver.spawned[1].execution.child, 8U);
  EXPECT_EQ(driver.spawned[1].values, std::vector<std::string>{"b"});
  EXPECT_EQ(driver.spawned[2].attempt, 3);
}

TEST(StarterCore, NeverStartsARepeatedGrantTwice) {
  AttachedDriver driver(1);
  const protocol::Grant grant = grant_of(1, 0, {{0, 1}});
  driver.down({grant});
  driver.down({grant});
  driver.started(driver.spawned[0].execution);
  driver.ended(driver.spawned[0].execution);
  driver.down({protocol::Acknowledged{1}});
  driver.down({grant});
  EXPECT_EQ(driver.spawned.size(), 1U);
  EXPECT_TRUE(driver.core.idle());
}

TEST(StarterCore, RefusesAMalformedGrantWithoutCrashing) {
  AttachedDriver driver(1);
  protocol::Grant short_values = grant_of(2, 0, {{0, 2}});
  short_values.values = {{"a"}};
  driver.down({grant_of(1, 0, {{5, 3}}), short_values, grant_of(3, 0, {}),
               grant_of(UINT32_MAX, 0, {{0, 1}})});
  EXPECT_TRUE(driver.spawned.empty());
  EXPECT_EQ(driver.said<protocol::Trouble>().size(), 4U);
}

TEST(StarterCore, SaysWhenAJobIsUnknownAndGivesTheGrantBack) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 9, {{0, 2}})});
  EXPECT_TRUE(driver.spawned.empty());
  ASSERT_EQ(driver.said<protocol::Trouble>().size(), 1U);
  EXPECT_EQ(driver.said<protocol::Returned>().size(), 1U);
}

TEST(StarterCore, RecallGivesBackWhatHasNotStarted) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 4}})});
  driver.down({protocol::Recall{grant_id(1), {{0, 3}}}, protocol::Recall{grant_id(8), {{5, 6}}}});
  const auto returned = driver.said<protocol::Returned>();
  ASSERT_EQ(returned.size(), 2U);
  EXPECT_EQ(returned[0].children, (model::Ranges{{1, 3}}));
  EXPECT_EQ(returned[1].children, (model::Ranges{{5, 6}}));
  driver.down({grant_of(8, 0, {{5, 6}})});  // late: it was given back for ever
  driver.started(driver.spawned[0].execution);
  driver.ended(driver.spawned[0].execution);
  ASSERT_EQ(driver.spawned.size(), 2U);
  EXPECT_EQ(driver.spawned[1].execution.child, 3U);
  EXPECT_EQ(driver.spawned[1].execution.grant, grant_id(1));
}

TEST(StarterCore, ASilentEndLeavesAtOnceAPrintedOneAfterItsSync) {
  AttachedDriver driver(2);
  driver.down({grant_of(1, 0, {{0, 2}})});
  const auto silent = driver.spawned[0].execution;
  const auto loud = driver.spawned[1].execution;
  driver.started(silent);
  driver.started(loud);
  driver.ended(silent);
  ASSERT_EQ(driver.ends().size(), 1U);
  EXPECT_EQ(driver.ends()[0].number, 1U);
  driver.core.output(loud, store::Stream::Stdout, "abc");
  driver.core.output(loud, store::Stream::Stdout, "de");
  driver.ended(loud);
  EXPECT_EQ(driver.ends().size(), 1U);
  ASSERT_EQ(driver.syncs.size(), 1U);
  driver.synced(driver.syncs[0]);
  ASSERT_EQ(driver.ends().size(), 2U);
  EXPECT_EQ(driver.ends()[1].execution, loud);
  std::uint64_t offset = 0;
  for (const store::SegmentRecord& record : driver.records)
    if (const auto* chunk = std::get_if<store::OutputChunk>(&record)) {
      EXPECT_EQ(chunk->offset, offset);
      offset += chunk->bytes.size();
    }
  EXPECT_EQ(offset, 5U);
}

TEST(StarterCore, EndsLeaveInTheOrderOfTheirNumbers) {
  AttachedDriver driver(2);
  driver.down({grant_of(1, 0, {{0, 2}})});
  const auto loud = driver.spawned[0].execution;
  const auto silent = driver.spawned[1].execution;
  driver.started(loud);
  driver.started(silent);
  driver.core.output(loud, store::Stream::Stderr, "x");
  driver.ended(loud);
  driver.ended(silent);
  EXPECT_TRUE(driver.ends().empty());
  driver.synced(driver.syncs.at(0));
  ASSERT_EQ(driver.ends().size(), 2U);
  EXPECT_EQ(driver.ends()[0].execution, loud);
}

TEST(StarterCore, StartsAndEndsOfOneTurnLeaveInOneMessage) {
  AttachedDriver driver(3);
  driver.down({grant_of(1, 0, {{0, 3}})});
  const int before = driver.sends;
  for (const Spawn& spawn : driver.spawned) driver.core.started(spawn.execution, {}, driver.now);
  for (const Spawn& spawn : driver.spawned) driver.core.ended(spawn.execution, {}, driver.now);
  driver.drain();
  EXPECT_EQ(driver.sends, before + 1);
  ASSERT_EQ(driver.said<protocol::Started>().size(), 1U);
  EXPECT_EQ(driver.said<protocol::Started>()[0].children.at(0).second, (model::Ranges{{0, 3}}));
  EXPECT_EQ(driver.ends().size(), 3U);
}

TEST(StarterCore, KeepsEndsUntilTheyAreAcknowledged) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 2}})});
  driver.started(driver.spawned[0].execution);
  driver.core.link_lost(driver.now);
  driver.ended(driver.spawned[0].execution, EndKind::Exited, 3);
  EXPECT_TRUE(driver.ends().empty());
  driver.started(driver.spawned[1].execution);  // work goes on without a link
  driver.forget_said();

  driver.attach(2);
  const auto hello = driver.said<protocol::Hello>();
  ASSERT_EQ(hello.size(), 1U);
  ASSERT_EQ(hello[0].inventory.size(), 1U);
  EXPECT_EQ(hello[0].inventory[0].children, (model::Ranges{{0, 2}}));
  EXPECT_EQ(hello[0].inventory[0].started, (model::Ranges{{0, 2}}));
  ASSERT_EQ(driver.ends().size(), 1U);
  EXPECT_EQ(driver.ends()[0].end.code, 3);

  driver.attach(2);  // the same epoch over a new link
  EXPECT_EQ(driver.ends().size(), 2U);
  driver.down({protocol::Acknowledged{1}}, 2);
  driver.forget_said();
  driver.attach(3);
  EXPECT_TRUE(driver.ends().empty());
  EXPECT_EQ(driver.said<protocol::Hello>()[0].inventory[0].children, (model::Ranges{{1, 2}}));
}

TEST(StarterCore, TerminatesAtTheTimeoutAndKillsAfterTheGrace) {
  CoreDriver driver(settings_of(1));
  driver.attach();
  model::JobTemplate job = job_of(0);
  job.timeout = 10s;
  driver.down({protocol::Templates{{job}}, grant_of(1, 0, {{0, 1}})});
  driver.started(driver.spawned[0].execution);
  driver.now.boot += 8s;  // asleep: does not count
  driver.pass(9s);
  EXPECT_TRUE(driver.signals.empty());
  EXPECT_EQ(driver.core.wake_at(), driver.now.boot + 1s);
  driver.pass(1s);
  ASSERT_EQ(driver.signals.size(), 1U);
  EXPECT_EQ(driver.signals[0].signal, EndSignal::Term);
  driver.pass(5s);
  ASSERT_EQ(driver.signals.size(), 2U);
  EXPECT_EQ(driver.signals[1].signal, EndSignal::Kill);
  driver.ended(driver.spawned[0].execution, EndKind::Signaled, 9);
  ASSERT_EQ(driver.ends().size(), 1U);
  EXPECT_EQ(driver.ends()[0].end.kind, EndKind::TimedOut);
  EXPECT_EQ(driver.ends()[0].end.code, 137);
  EXPECT_EQ(driver.ends()[0].end.usage.wall, Duration{15s});
}

TEST(StarterCore, ATimedOutAttemptFailsEvenIfItExitsWithZero) {
  CoreDriver driver(settings_of(1));
  driver.attach();
  model::JobTemplate job = job_of(0);
  job.timeout = 1s;
  driver.down({protocol::Templates{{job}}, grant_of(1, 0, {{0, 1}})});
  driver.started(driver.spawned[0].execution);
  driver.pass(1s);
  driver.ended(driver.spawned[0].execution);
  EXPECT_EQ(driver.ends().at(0).end.kind, EndKind::TimedOut);
  EXPECT_FALSE(driver.ends().at(0).end.succeeded());
}

TEST(StarterCore, StopAllGivesBackAndEndsWhatRuns) {
  AttachedDriver driver(3);
  driver.down({grant_of(1, 0, {{0, 5}})});
  driver.started(driver.spawned[0].execution);
  driver.started(driver.spawned[1].execution);
  driver.down({protocol::StopAll{2s}});
  ASSERT_EQ(driver.said<protocol::Returned>().size(), 1U);
  EXPECT_EQ(driver.said<protocol::Returned>()[0].children, (model::Ranges{{3, 5}}));
  EXPECT_EQ(driver.signals.size(), 2U);
  driver.started(driver.spawned[2].execution);  // was on its way
  EXPECT_EQ(driver.signals.size(), 3U);
  driver.ended(driver.spawned[0].execution, EndKind::Signaled, 15);
  driver.ended(driver.spawned[1].execution, EndKind::Exited, 0);
  driver.pass(2s);
  EXPECT_EQ(driver.signals.back().signal, EndSignal::Kill);
  driver.ended(driver.spawned[2].execution, EndKind::Signaled, 9);
  ASSERT_EQ(driver.ends().size(), 3U);
  EXPECT_EQ(driver.ends()[0].end.kind, EndKind::Stopped);
  EXPECT_TRUE(driver.ends()[1].end.succeeded());
  EXPECT_EQ(driver.ends()[2].end.kind, EndKind::Stopped);
  EXPECT_EQ(driver.spawned.size(), 3U);
}

TEST(StarterCore, StopEndsOnlyWhatItNames) {
  AttachedDriver driver(2);
  driver.down({grant_of(1, 0, {{0, 5}})});
  driver.started(driver.spawned[0].execution);
  driver.started(driver.spawned[1].execution);
  driver.down({protocol::Stop{grant_id(1), {{0, 1}, {3, 4}}, 500ms}});
  ASSERT_EQ(driver.said<protocol::Returned>().size(), 1U);
  EXPECT_EQ(driver.said<protocol::Returned>()[0].children, (model::Ranges{{3, 4}}));
  ASSERT_EQ(driver.signals.size(), 1U);
  EXPECT_EQ(driver.signals[0].execution.child, 0U);
  EXPECT_EQ(driver.signals[0].signal, EndSignal::Term);
  driver.pass(500ms);
  ASSERT_EQ(driver.signals.size(), 2U);
  EXPECT_EQ(driver.signals[1].signal, EndSignal::Kill);
  driver.ended(driver.spawned[0].execution, EndKind::Signaled, 9);
  driver.pass(50ms);
  EXPECT_EQ(driver.ends().at(0).end.kind, EndKind::Stopped);
  ASSERT_EQ(driver.spawned.size(), 3U);  // what was not named goes on
  EXPECT_EQ(driver.spawned[2].execution.child, 2U);
}

TEST(StarterCore, SlotsAreWhatTheGrantAsksFor) {
  AttachedDriver driver(4);
  protocol::Grant big = grant_of(1, 0, {{0, 2}});
  big.each = {1, 600, 0};  // after an end for lack of memory: more than the job says
  big.environment = "rack";
  driver.down({big, grant_of(2, 0, {{5, 6}})});
  ASSERT_EQ(driver.spawned.size(), 1U);
  EXPECT_EQ(driver.spawned[0].each.memory_mib, 600U);
  EXPECT_EQ(driver.spawned[0].environment, "rack");
  driver.ended(driver.spawned[0].execution);
  EXPECT_EQ(driver.spawned.size(), 3U);
  protocol::Grant never = grant_of(3, 0, {{7, 8}});
  never.each = {1, 0, 1};
  driver.down({never});
  ASSERT_EQ(driver.said<protocol::Returned>().size(), 1U);
  EXPECT_EQ(driver.said<protocol::Returned>()[0].grant, grant_id(3));
}

TEST(StarterCore, AnEndForLackOfMemorySaysWhatItUsed) {
  AttachedDriver driver(2);
  protocol::Grant grant = grant_of(1, 0, {{0, 2}});
  grant.each = {1, 500, 0};
  driver.down({grant});
  for (const Spawn& spawn : std::vector<Spawn>(driver.spawned)) driver.started(spawn.execution);
  model::AttemptEnd end;
  end.kind = EndKind::OutOfMemory;
  end.code = 137;
  end.usage.memory_max_kib = 512 * 1024;
  driver.core.ended(driver.spawned[0].execution, end, driver.now);
  driver.down({protocol::StopAll{1s}});
  driver.core.ended(driver.spawned[1].execution, end, driver.now);  // we were ending it anyway
  driver.drain();
  ASSERT_EQ(driver.ends().size(), 2U);
  EXPECT_EQ(driver.ends()[0].end.kind, EndKind::OutOfMemory);
  EXPECT_EQ(driver.ends()[0].end.code, 137);
  EXPECT_EQ(driver.ends()[0].end.reason,
            "OutOfMemoryError: Container killed due to memory usage (its largest process used 512 "
            "MiB, it asked for 500 MiB)");
  EXPECT_EQ(driver.ends()[1].end.kind, EndKind::Stopped);
}

TEST(StarterCore, RefusesAPartOfAGang) {
  AttachedDriver driver(2);
  protocol::Grant part = grant_of(1, 0, {{0, 1}});
  part.gang = protocol::GangRole{part.id, {{0, 1}}, 2, 0, "node1"};
  driver.down({part});
  EXPECT_TRUE(driver.spawned.empty());
  ASSERT_EQ(driver.said<protocol::Trouble>().size(), 1U);
  EXPECT_TRUE(driver.said<protocol::Trouble>()[0].fatal);
  EXPECT_NE(driver.said<protocol::Trouble>()[0].message.find("cannot be launched yet"),
            std::string::npos);
  ASSERT_EQ(driver.said<protocol::Returned>().size(), 1U);
}

TEST(StarterCore, ASecondStopAllWithoutGraceKillsNow) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 1}})});
  driver.started(driver.spawned[0].execution);
  driver.down({protocol::StopAll{30s}});
  driver.down({protocol::StopAll{0s}});
  ASSERT_EQ(driver.signals.size(), 2U);
  EXPECT_EQ(driver.signals[1].signal, EndSignal::Kill);
}

TEST(StarterCore, CannotStartIsAnEndOfItsOwn) {
  AttachedDriver driver(1);
  driver.down({grant_of(1, 0, {{0, 2}})});
  driver.core.cannot_start(driver.spawned[0].execution, 127, "command not found: 'x'", driver.now);
  driver.drain();
  ASSERT_EQ(driver.ends().size(), 1U);
  EXPECT_EQ(driver.ends()[0].end.kind, EndKind::CannotStart);
  EXPECT_EQ(driver.ends()[0].end.code, 127);
  EXPECT_EQ(driver.spawned.size(), 2U);  // the slot is free again
}

}  // namespace
}  // namespace mpibatch::node
