// Journal segments and snapshots go when two newer snapshots stand for them, and not before.
#include <gtest/gtest.h>

#include <mpibatch/store/snapshot.hpp>

#include "support/temporary_folder.hpp"
#include "unit/store/sample_run.hpp"

namespace mpibatch::store {
namespace {

class CoveredTest : public ::testing::Test {
 protected:
  CoveredTest() : run(disk, root / "s.mpibatch") {
    run.adopt(1, 4);
    run.join();
  }

  FactNumber compacted(FactNumber upto = kLastFact) {
    const auto done = compact(disk, run.folder(), {}, upto);
    EXPECT_TRUE(done) << done.error().message;
    return done->last;
  }
  // A new epoch with a fact of its own.
  void next_epoch() {
    run.open();
    run.record(model::FailedReopened{});
  }
  std::vector<std::string> deleted(FactNumber synced) {
    const auto done = delete_covered(disk, run.folder(), synced);
    EXPECT_TRUE(done) << done.error().message;
    return *done;
  }
  std::string snapshot(int number) {
    return run.folder().snapshots() + "/000000000" + std::to_string(number) + ".h5";
  }
  std::string journal(std::uint32_t epoch) { return run.folder().journal(model::Epoch{epoch}); }
  void expect_whole() {
    const auto state = fold(disk, run.folder());
    ASSERT_TRUE(state) << state.error().message;
    EXPECT_EQ(state->scheduler.save(), run.core().save());
  }

  testing::TemporaryFolder root;
  PosixFileSystem disk;
  SampleRun run;
};

using Paths = std::vector<std::string>;

TEST_F(CoveredTest, OneSnapshotCoversNothing) {
  next_epoch();
  EXPECT_EQ(deleted(compacted()), Paths{});
  expect_whole();
}

TEST_F(CoveredTest, SegmentsGoThatTheOlderOfTwoCovers) {
  next_epoch();
  compacted();
  next_epoch();
  // The older snapshot ends in epoch 2: what that epoch wrote later is needed.
  EXPECT_EQ(deleted(compacted()), Paths{journal(1)});
  expect_whole();
  next_epoch();
  EXPECT_EQ(deleted(compacted()), (Paths{snapshot(1), journal(2)}));
  expect_whole();
  EXPECT_EQ(deleted(compacted()), (Paths{snapshot(2), journal(3)}));
  expect_whole();
}

TEST_F(CoveredTest, ASnapshotBeyondWhatIsSafeCountsForNothing) {
  next_epoch();
  const FactNumber safe = compacted();
  next_epoch();
  compacted();
  EXPECT_EQ(deleted(safe), Paths{});
}

TEST_F(CoveredTest, OneThatCannotBeReadCoversNothing) {
  next_epoch();
  compacted();
  ASSERT_TRUE(disk.create_exclusive(snapshot(2)));
  next_epoch();
  EXPECT_EQ(deleted(compacted()), Paths{journal(1)});
  expect_whole();
}

TEST_F(CoveredTest, ALateOneThatHoldsLessReplacesNone) {
  const FactNumber early = compacted();
  next_epoch();
  compacted();
  compacted(early);
  next_epoch();
  EXPECT_EQ(deleted(compacted()), (Paths{snapshot(1), snapshot(3), journal(1)}));
  expect_whole();
}

// A reader has the older snapshot, and the journal from there, should the newest be damaged.
TEST_F(CoveredTest, TheOlderSnapshotIsEnough) {
  next_epoch();
  compacted();
  next_epoch();
  (void)deleted(compacted());
  ASSERT_TRUE(disk.remove(snapshot(2)));
  expect_whole();
}

}  // namespace
}  // namespace mpibatch::store
