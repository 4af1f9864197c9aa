#include <mpibatch/store/run_view.hpp>

#include <gtest/gtest.h>

#include "support/memory_filesystem.hpp"
#include "unit/store/sample_run.hpp"

namespace mpibatch::store {
namespace {

using model::ChildState;
using model::ExecutionId;
using testing::MemoryFileSystem;

class RunViewTest : public ::testing::Test {
 protected:
  RunViewTest() : run(disk, "/s") {
    run.adopt(1, 4);
    run.join();
  }

  Fold folded() {
    auto state = fold(disk, run.folder());
    EXPECT_TRUE(state) << state.error().message;
    return std::move(*state);
  }

  std::vector<Attempt> attempts(const AttemptFilter& filter = {}) {
    const auto list = list_attempts(disk, run.folder(), folded(), filter);
    EXPECT_TRUE(list && list->problems.empty());
    return list->attempts;
  }

  std::string output(const Attempt& attempt, std::optional<Stream> stream) {
    std::string all;
    SegmentPosition position;
    EXPECT_TRUE(read_output(disk, attempt, stream, position,
                            [&](Stream, std::string_view bytes) { all += bytes; }));
    return all;
  }

  MemoryFileSystem disk;
  SampleRun run;
};

TEST_F(RunViewTest, FoldsToWhatRankZeroHas) {
  const auto grant = run.grant(kAlignJob, {{0, 3}});
  run.start({kAlignJob, 0, grant});
  run.end({kAlignJob, 0, grant});
  run.start({kAlignJob, 1, grant});
  run.open();
  const auto view = read_run(disk, run.folder());
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->scheduler().save(), run.core().save());
  EXPECT_EQ(view->scheduler().state(kAlignJob, 0), ChildState::Succeeded);
  EXPECT_EQ(view->state.run, run.run);
  EXPECT_EQ(view->owner->epoch, model::Epoch{2});
  EXPECT_EQ(view->state.last, (FactNumber{model::Epoch{2}, 1}));
  EXPECT_EQ(view->state.stops.size(), 2U);
}

TEST_F(RunViewTest, FoldsUpToAFact) {
  const auto before = run.core().save();
  const FactNumber last = folded().last;
  run.grant(kAlignJob, {{0, 4}});
  EXPECT_EQ(fold(disk, run.folder(), last)->scheduler.save(), before);
}

TEST_F(RunViewTest, AFolderWithoutARunIsNamed) {
  const auto view = read_run(disk, {"/nothing"});
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().kind, ErrorKind::NotFound);
  EXPECT_NE(view.error().message.find("/nothing"), std::string::npos);
}

TEST_F(RunViewTest, ADamagedJournalIsNamed) {
  std::string bytes = disk.read(run.folder().journal(model::Epoch{1})).value();
  bytes[60] ^= 1;
  disk.overwrite(run.folder().journal(model::Epoch{1}), bytes);
  const auto view = read_run(disk, run.folder());
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().kind, ErrorKind::Damaged);
}

TEST_F(RunViewTest, ListsAttemptsWithTheirStates) {
  const auto grant = run.grant(kAlignJob, {{0, 4}});
  const ExecutionId done{kAlignJob, 0, grant};
  const ExecutionId failed{kAlignJob, 1, grant};
  const ExecutionId running{kAlignJob, 2, grant};
  const ExecutionId lost{kAlignJob, 3, grant};
  for (const ExecutionId& execution : {done, failed, running, lost}) run.start(execution);
  run.end(done);
  run.end(failed, 3);
  run.record(model::Ended{grant, {{3, 4}}, {}, {}});  // reported, and then the node's disk was lost
  const auto all = attempts();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].state, AttemptState::Ended);
  EXPECT_EQ(all[0].execution, done);
  EXPECT_EQ(all[0].node, kNode);
  EXPECT_EQ(all[0].cpus, std::vector<std::uint32_t>{0});
  EXPECT_EQ(all[0].end->usage.memory_max_kib, 2048U);
  EXPECT_EQ(all[1].end->code, 3);
  EXPECT_EQ(all[2].state, AttemptState::Running);
  EXPECT_EQ(all[3].state, AttemptState::NotReported);
  ASSERT_EQ(attempts({kAlignJob, 2}).size(), 1U);
  EXPECT_EQ(attempts({kAlignJob, 2})[0].execution, running);
  EXPECT_TRUE(attempts({kIndexJob, {}}).empty());
}

TEST_F(RunViewTest, WhatCouldNotStartIsAnAttempt) {
  const auto grant = run.grant(kIndexJob, {{0, 1}});
  run.end({kIndexJob, 0, grant}, 127, 2);
  const auto all = attempts();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].attempt, 2U);
  EXPECT_EQ(output(all[0], {}), "");
}

TEST_F(RunViewTest, ShowsAttemptsUnderTodaysChildren) {
  const auto grant = run.grant(kAlignJob, {{0, 4}});
  for (model::ChildIndex child = 0; child < 4; ++child) {
    run.start({kAlignJob, child, grant});
    run.end({kAlignJob, child, grant});
  }
  run.open();
  run.adopt(2, 5, {{0, 2, 2}, {3, 0, 1}});  // 2 is gone, 1 and 4 are new
  run.adopt(3, 3, {{3, 1, 1}, {0, 2, 1}});
  const auto all = attempts();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].child, 1U);
  EXPECT_EQ(all[0].execution.child, 1U) << "0 → 2 is gone, 1 → 3 → 1";
  EXPECT_EQ(all[1].child, 2U);
  EXPECT_EQ(all[1].execution.child, 3U) << "3 → 0 → 2";
  EXPECT_EQ(attempts({kAlignJob, 2}).size(), 1U);
  EXPECT_EQ(run.core().state(kAlignJob, 1), ChildState::Succeeded);
  EXPECT_EQ(run.core().state(kAlignJob, 0), ChildState::Runnable);
}

TEST_F(RunViewTest, ReadsOutputOfOneAttempt) {
  const auto grant = run.grant(kAlignJob, {{0, 2}});
  const ExecutionId mine{kAlignJob, 0, grant};
  const ExecutionId other{kAlignJob, 1, grant};
  run.start(mine);
  run.start(other);
  run.print(mine, Stream::Stdout, "one\n");
  run.print(other, Stream::Stdout, "not mine\n");
  run.print(mine, Stream::Stderr, "two\n");
  const Attempt attempt = attempts({kAlignJob, 0})[0];
  EXPECT_EQ(output(attempt, {}), "one\ntwo\n");
  EXPECT_EQ(output(attempt, Stream::Stdout), "one\n");
  EXPECT_EQ(output(attempt, Stream::Stderr), "two\n");

  SegmentPosition position;
  std::string followed;
  const auto follow = [&] {
    ASSERT_TRUE(read_output(disk, attempt, {}, position,
                            [&](Stream, std::string_view bytes) { followed += bytes; }));
  };
  follow();
  run.print(mine, Stream::Stdout, "three\n");
  follow();
  follow();
  EXPECT_EQ(followed, "one\ntwo\nthree\n");
}

TEST_F(RunViewTest, TailsOutput) {
  const ExecutionId mine{kAlignJob, 0, run.grant(kAlignJob, {{0, 1}})};
  run.start(mine);
  const auto tail = [&](std::size_t lines) {
    return tail_output(disk, attempts()[0], {}, lines).value();
  };
  EXPECT_EQ(tail(3), "");
  run.print(mine, Stream::Stdout, "a\nb");
  run.print(mine, Stream::Stdout, "c\nd\n");
  EXPECT_EQ(tail(0), "");
  EXPECT_EQ(tail(1), "d\n");
  EXPECT_EQ(tail(2), "bc\nd\n");
  EXPECT_EQ(tail(3), "a\nbc\nd\n");
  EXPECT_EQ(tail(9), "a\nbc\nd\n");
  run.print(mine, Stream::Stdout, "unfinished");
  EXPECT_EQ(tail(2), "d\nunfinished");
  for (int i = 0; i < 20; ++i) run.print(mine, Stream::Stderr, std::string(100'000, 'x'));
  EXPECT_EQ(tail(2).size(), kTailBytesMax);
}

TEST_F(RunViewTest, ADamagedSegmentIsAProblemOfItsOwn) {
  const ExecutionId mine{kAlignJob, 0, run.grant(kAlignJob, {{0, 1}})};
  run.start(mine);
  run.end(mine);
  const auto other = SegmentWriter::create(disk, run.folder(), {run.run, {"node2", 0}, {1}});
  const std::string path = run.folder().segment({"node2", 0}, {1});
  std::string bytes = disk.read(path).value();
  bytes[14] ^= 1;
  disk.overwrite(path, bytes);
  const auto list = list_attempts(disk, run.folder(), folded(), {});
  ASSERT_TRUE(list);
  EXPECT_EQ(list->attempts.size(), 1U);
  ASSERT_EQ(list->problems.size(), 1U);
  EXPECT_NE(list->problems[0].find(path), std::string::npos);
}

TEST(ThisProcess, IsAlive) {
  const OwnerRecord me = this_process();
  EXPECT_EQ(judge(me, me, start_ticks_of), OwnerState::Alive);
}

}  // namespace
}  // namespace mpibatch::store
