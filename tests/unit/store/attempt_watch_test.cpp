#include <mpibatch/store/attempt_watch.hpp>

#include <gtest/gtest.h>

#include "support/memory_filesystem.hpp"
#include "unit/store/read_counter.hpp"
#include "unit/store/sample_run.hpp"

namespace mpibatch::store {
namespace {

using model::ExecutionId;
using testing::MemoryFileSystem;

class AttemptWatchTest : public ::testing::Test {
 protected:
  AttemptWatchTest() : run(disk, "/s") {
    run.adopt(1, 4);
    run.join();
    grant = run.grant(kAlignJob, {{0, 4}});
    events.started = [this](const Attempt& attempt) { say("started", attempt); };
    events.printed = [this](const Attempt& attempt, Stream, std::string_view bytes) {
      say(std::string(bytes), attempt);
    };
    events.cut = [this](const Attempt& attempt, const OutputCut& cut) {
      say("cut " + std::to_string(cut.bytes), attempt);
    };
    events.ended = [this](const Attempt& attempt) { say("ended", attempt); };
  }

  void say(const std::string& what, const Attempt& attempt) {
    seen += std::to_string(attempt.child) + " " + what + ";";
  }
  ExecutionId execution(model::ChildIndex child) const { return {kAlignJob, child, grant}; }
  std::string look(AttemptWatch& watch, const FileSystem& files) {
    seen.clear();
    const auto done = watch.look(fold(files, run.folder()).value(), events, problems);
    EXPECT_TRUE(done) << done.error().message;
    return seen;
  }

  MemoryFileSystem disk;
  SampleRun run;
  model::GrantId grant;
  AttemptEvents events;
  std::vector<std::string> problems;
  std::string seen;
};

TEST_F(AttemptWatchTest, TellsWhatIsNewAtEachLook) {
  AttemptWatch watch(disk, run.folder(), {kAlignJob, {}});
  EXPECT_EQ(look(watch, disk), "");
  run.start(execution(1));
  run.print(execution(1), Stream::Stdout, "a");
  EXPECT_EQ(look(watch, disk), "1 started;1 a;");
  EXPECT_EQ(look(watch, disk), "");
  run.start(execution(2));
  run.print(execution(2), Stream::Stdout, "b");
  run.print(execution(1), Stream::Stderr, "c");
  run.segment().append(OutputCut{execution(1), Stream::Stderr, 1, 5, 1});
  run.end(execution(1));
  EXPECT_EQ(look(watch, disk), "2 started;2 b;1 c;1 cut 5;1 ended;");
  run.end(execution(3));
  EXPECT_EQ(look(watch, disk), "3 ended;") << "it could not start";
  EXPECT_TRUE(problems.empty());
}

TEST_F(AttemptWatchTest, TellsOfTheChosenAlone) {
  AttemptWatch watch(disk, run.folder(), {kAlignJob, 2});
  run.start(execution(1));
  run.start(execution(2));
  run.print(execution(1), Stream::Stdout, "a");
  run.print(execution(2), Stream::Stdout, "b");
  EXPECT_EQ(look(watch, disk), "2 started;2 b;");
  run.end(execution(1));
  EXPECT_EQ(look(watch, disk), "");
}

TEST_F(AttemptWatchTest, TakesUpSegmentsThatBeginLater) {
  AttemptWatch watch(disk, run.folder(), {kAlignJob, {}});
  EXPECT_EQ(look(watch, disk), "");
  auto other = SegmentWriter::create(disk, run.folder(), {run.run, {"node2", 0}, {1}}).value();
  other->append(GrantReceived{grant, kAlignJob, model::Revision{1}, {{0, 4}}});
  other->append(AttemptStarted{execution(3), 1, {}, {}});
  ASSERT_TRUE(other->write());
  EXPECT_EQ(look(watch, disk), "3 started;");
}

TEST_F(AttemptWatchTest, SaysHowFarOpenOnesWereRead) {
  AttemptWatch watch(disk, run.folder(), {kAlignJob, {}});
  run.start(execution(1));
  run.print(execution(1), Stream::Stdout, "before\n");
  look(watch, disk);
  run.print(execution(1), Stream::Stdout, "after\n");
  std::string printed;
  watch.for_each_open(fold(disk, run.folder()).value(), [&](const Attempt& attempt) {
    EXPECT_EQ(attempt.state, AttemptState::Running);
    SegmentPosition position;
    const auto take = [&](Stream, std::string_view bytes) { printed += bytes; };
    ASSERT_TRUE(read_output(disk, attempt, {}, position, take));
  });
  EXPECT_EQ(printed, "before\n");
  EXPECT_EQ(look(watch, disk), "1 after\n;");
}

TEST_F(AttemptWatchTest, ALookReadsWhatWasAppended) {
  run.start(execution(1));
  for (int i = 0; i < 40; ++i)
    run.print(execution(1), Stream::Stdout, std::string(std::size_t{1} << 16, 'x'));
  ReadCounter counted(disk);
  AttemptWatch watch(counted, run.folder(), {kAlignJob, {}});
  const Fold state = fold(disk, run.folder()).value();
  ASSERT_TRUE(watch.look(state, events, problems));
  counted.take();
  run.print(execution(1), Stream::Stdout, "more");
  seen.clear();
  ASSERT_TRUE(watch.look(state, events, problems));
  EXPECT_EQ(seen, "1 more;");
  EXPECT_LT(counted.take(), 200U);
}

TEST_F(AttemptWatchTest, ADamagedSegmentIsToldOnceAndATornTailWaits) {
  run.start(execution(1));
  AttemptWatch watch(disk, run.folder(), {kAlignJob, {}});
  EXPECT_EQ(look(watch, disk), "1 started;");
  const std::string path = run.folder().segment(kNode, kInstance);
  const std::string before = disk.read(path).value();
  run.print(execution(1), Stream::Stdout, "a");
  const std::string after = disk.read(path).value();
  disk.overwrite(path, after.substr(0, after.size() - 1));
  EXPECT_EQ(look(watch, disk), "");
  disk.overwrite(path, after);
  EXPECT_EQ(look(watch, disk), "1 a;");
  EXPECT_TRUE(problems.empty());

  const auto other = SegmentWriter::create(disk, run.folder(), {run.run, {"node2", 0}, {1}});
  const std::string damaged = run.folder().segment({"node2", 0}, {1});
  std::string bytes = disk.read(damaged).value();
  bytes[14] ^= 1;
  disk.overwrite(damaged, bytes);
  for (int i = 0; i < 3; ++i) look(watch, disk);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find(damaged), std::string::npos);
}

TEST_F(AttemptWatchTest, AVanishedSegmentIsTriedAgainAFewTimes) {
  AttemptWatch watch(disk, run.folder(), {kAlignJob, {}});
  look(watch, disk);
  ASSERT_TRUE(disk.remove(run.folder().segment(kNode, kInstance)));
  look(watch, disk);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(watch.unread().size(), 1U);
  for (int i = 0; i < 9; ++i) look(watch, disk);
  EXPECT_EQ(problems.size(), 1U);
  EXPECT_TRUE(watch.unread().empty());
}

class FoldOnTest : public AttemptWatchTest {};

TEST_F(FoldOnTest, ReadsWhatTheJournalHasGrownBy) {
  Fold state = fold(disk, run.folder()).value();
  ReadCounter counted(disk);
  for (model::ChildIndex child = 0; child < 4; ++child) {
    run.start(execution(child));
    run.end(execution(child));
    ASSERT_TRUE(fold_on(counted, run.folder(), state));
    EXPECT_EQ(state.scheduler.save(), run.core().save());
    EXPECT_EQ(state.last, fold(disk, run.folder())->last);
    EXPECT_LT(counted.take(), 400U);
  }
  EXPECT_EQ(state.stops, fold(disk, run.folder())->stops);
}

TEST_F(FoldOnTest, FoldsAnewInANewEpoch) {
  Fold state = fold(disk, run.folder()).value();
  const std::string old = run.folder().journal(model::Epoch{1});
  // A fact that the next rank 0 never saw.
  const std::string seen_by_next = disk.read(old).value();
  run.start(execution(0));
  ASSERT_TRUE(fold_on(disk, run.folder(), state));
  disk.overwrite(old, seen_by_next);
  run.open();
  ASSERT_TRUE(fold_on(disk, run.folder(), state));
  EXPECT_EQ(state.scheduler.save(), run.core().save());
  EXPECT_EQ(state.stops.size(), 2U);
  run.adopt(2, 5, {{0, 0, 4}});
  ASSERT_TRUE(fold_on(disk, run.folder(), state));
  EXPECT_EQ(state.adoptions.size(), 2U);
  EXPECT_EQ(state.scheduler.save(), run.core().save());
}

TEST_F(FoldOnTest, ASegmentThatWasNotBegunDoesNotCount) {
  Fold state = fold(disk, run.folder()).value();
  ASSERT_TRUE(disk.create_exclusive(run.folder().journal(model::Epoch{9})));
  run.start(execution(0));
  ReadCounter counted(disk);
  ASSERT_TRUE(fold_on(counted, run.folder(), state));
  EXPECT_LT(counted.take(), 200U);
  EXPECT_EQ(state.scheduler.save(), run.core().save());
}

TEST_F(FoldOnTest, AnErrorIsMadeGoodLater) {
  Fold state = fold(disk, run.folder()).value();
  const std::string path = run.folder().journal(model::Epoch{1});
  const std::string whole = disk.read(path).value();
  ASSERT_TRUE(disk.remove(path));
  const auto gone = fold_on(disk, run.folder(), state);
  ASSERT_TRUE(disk.create_exclusive(path));
  disk.overwrite(path, whole);
  ASSERT_TRUE(fold_on(disk, run.folder(), state));
  EXPECT_EQ(state.scheduler.save(), run.core().save());
}

}  // namespace
}  // namespace mpibatch::store
