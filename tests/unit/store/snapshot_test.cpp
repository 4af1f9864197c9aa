#include <mpibatch/store/snapshot.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/hdf5_file.hpp"
#include "support/memory_filesystem.hpp"
#include "support/temporary_folder.hpp"
#include "unit/store/sample_run.hpp"

namespace mpibatch::store {
namespace {

PlanTextsSource texts() {
  return [](const scheduler::Scheduler&) -> Result<PlanTexts> {
    return PlanTexts{
        [](model::JobId, model::ChildIndex child) { return "NA" + std::to_string(child) + "-ü"; },
        [](model::JobId) { return std::string("definition"); }};
  };
}

class SnapshotTest : public ::testing::Test {
 protected:
  SnapshotTest() : run(disk, root / "s.mpibatch") {
    run.adopt(1, 4);
    run.join();
    const auto grant = run.grant(kAlignJob, {{0, 3}});
    run.start({kAlignJob, 0, grant});
    run.end({kAlignJob, 0, grant});
    run.start({kAlignJob, 1, grant});
    run.end({kAlignJob, 1, grant}, 3);
    run.start({kAlignJob, 2, grant});
  }

  Compacted compacted(FactNumber upto = kLastFact) {
    const auto done = compact(disk, run.folder(), texts(), upto);
    EXPECT_TRUE(done) << done.error().message;
    return *done;
  }

  Fold folded() {
    auto state = fold(disk, run.folder());
    EXPECT_TRUE(state) << state.error().message;
    return std::move(*state);
  }

  testing::TemporaryFolder root;
  PosixFileSystem disk;
  SampleRun run;
};

TEST_F(SnapshotTest, RoundTripsExactly) {
  const Compacted made = compacted();
  EXPECT_EQ(made.path, run.folder().snapshots() + "/0000000001.h5");
  const auto core = read_snapshot(made.path);
  ASSERT_TRUE(core) << core.error().message;
  EXPECT_EQ(core->run, run.run);
  EXPECT_EQ(core->last, made.last);
  EXPECT_EQ(core->scheduler, run.core().save());
  EXPECT_EQ(core->stops.size(), 1U);
  ASSERT_EQ(core->adoptions.size(), 1U);
  EXPECT_EQ(core->adoptions[0].revision, model::Revision{1});
}

TEST_F(SnapshotTest, TheJournalGoesOnFromIt) {
  const Compacted made = compacted();
  run.open();
  run.adopt(2, 6, {{0, 2, 4}});
  const Fold state = folded();
  EXPECT_EQ(state.snapshot, made.path);
  EXPECT_EQ(state.facts, 2U);
  EXPECT_EQ(state.scheduler.save(), run.core().save());
  EXPECT_EQ(state.adoptions.size(), 2U);
  // And the next one is made from it.
  EXPECT_EQ(compacted().path, run.folder().snapshots() + "/0000000002.h5");
  EXPECT_EQ(folded().facts, 0U);
}

TEST_F(SnapshotTest, SaysFromWhereTheJournalIsRead) {
  const Compacted made = compacted();
  const auto mark = read_snapshot(made.path)->mark;
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->epoch, made.last.epoch);
  EXPECT_EQ(mark->facts, made.last.number);
  run.grant(kAlignJob, {{3, 4}});
  EXPECT_EQ(folded().facts, 1U);
  // One from before that was said.
  Fold old = folded();
  old.mark.reset();
  const std::string path = run.folder().snapshots() + "/0000000002.h5";
  ASSERT_TRUE(write_snapshot(disk, run.folder(), old, {}, path));
  EXPECT_FALSE(read_snapshot(path)->mark);
  EXPECT_EQ(folded().snapshot, path);
  EXPECT_EQ(folded().scheduler.save(), run.core().save());
}

TEST_F(SnapshotTest, HoldsNoMoreThanWasAskedFor) {
  const FactNumber upto{model::Epoch{1}, 3};
  EXPECT_EQ(compacted(upto).last, upto);
  EXPECT_EQ(folded().scheduler.save(), run.core().save());
}

TEST_F(SnapshotTest, OneBeyondTheStopGivesWayToAnOlderOne) {
  compacted();
  const auto stops = folded().stops;
  run.grant(kAlignJob, {{3, 4}});
  const Compacted beyond = compacted();
  // The next rank 0 found the disk without that last fact.
  auto next = JournalWriter::create(disk, run.folder(), run.run, model::Epoch{2}, stops);
  ASSERT_TRUE(next && (*next)->commit());
  const Fold state = folded();
  EXPECT_NE(state.snapshot, beyond.path);
  EXPECT_FALSE(state.snapshot.empty());
  EXPECT_EQ(state.scheduler.state(kAlignJob, 3), model::ChildState::Runnable);
}

TEST_F(SnapshotTest, ADamagedOneGivesWay) {
  const std::string good = compacted().path;
  const std::string bytes = disk.read(good, 0, UINT64_MAX).value();
  for (std::size_t cut = 0; cut < bytes.size(); cut += 101) {
    for (const bool flip : {false, true}) {
      std::string bad = flip ? bytes : bytes.substr(0, cut);
      if (flip) bad[cut] = static_cast<char>(bad[cut] ^ 0x10);
      std::ofstream(good, std::ios::binary | std::ios::trunc) << bad;
      EXPECT_EQ(read_snapshot(good).error().kind, ErrorKind::Damaged) << cut << " " << flip;
    }
  }
  EXPECT_TRUE(folded().snapshot.empty());
  EXPECT_EQ(folded().scheduler.save(), run.core().save());
}

TEST_F(SnapshotTest, AnotherRunsIsNotTaken) {
  SampleRun other(disk, root / "other.mpibatch");
  std::filesystem::create_directories(other.folder().snapshots());
  std::filesystem::copy(compacted().path, other.folder().snapshots() + "/0000000001.h5");
  const auto state = fold(disk, other.folder());
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->snapshot.empty());
  EXPECT_EQ(state->scheduler.job_count(), 0U);
}

TEST_F(SnapshotTest, WithoutItsJournalIsAnError) {
  compacted();
  std::filesystem::remove_all(run.folder().journal());
  const auto state = fold(disk, run.folder());
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().message.find("has lost its journal"), std::string::npos);
}

TEST_F(SnapshotTest, IsPublishedOverTheOldOne) {
  const auto same_file = [&](const std::string& path) {
    return std::filesystem::equivalent(path, run.folder().state());
  };
  const std::string first = compacted().path;
  ASSERT_TRUE(publish_snapshot(disk, run.folder(), first));
  EXPECT_TRUE(same_file(first));
  ASSERT_TRUE(publish_snapshot(disk, run.folder(), first)) << "again";
  const std::string second = compacted().path;
  std::ofstream(run.folder().state() + ".tmp") << "of a rank 0 that was killed";
  ASSERT_TRUE(publish_snapshot(disk, run.folder(), second));
  EXPECT_TRUE(same_file(second));
  EXPECT_FALSE(std::filesystem::exists(run.folder().state() + ".tmp"));
  EXPECT_TRUE(read_snapshot(run.folder().state()));
}

TEST_F(SnapshotTest, LeavesNothingBehindThatWasInterrupted) {
  std::filesystem::create_directories(run.folder().snapshots());
  std::ofstream(run.folder().snapshots() + "/0000000001.h5.tmp") << "half a file";
  const std::string path = compacted().path;
  EXPECT_TRUE(read_snapshot(path));
  EXPECT_EQ(disk.list(run.folder().snapshots()).value(), std::vector<std::string>{"0000000001.h5"});
}

TEST(Snapshot, AFailingDiskIsAnErrorAndLeavesNothing) {
  testing::MemoryFileSystem disk;
  SampleRun run(disk, "/s");
  run.adopt(1, 4);
  const auto left = [&] { return disk.list(run.folder().snapshots()).value(); };
  disk.fail_after(1000);
  const auto full = compact(disk, run.folder(), texts());
  ASSERT_FALSE(full);
  EXPECT_NE(full.error().message.find("0000000001.h5.tmp': No space left"), std::string::npos)
      << full.error().message;
  EXPECT_TRUE(left().empty());
  disk.heal();
  disk.fail_next_sync();
  EXPECT_FALSE(compact(disk, run.folder(), texts()));
  EXPECT_TRUE(left().empty());
  EXPECT_TRUE(compact(disk, run.folder(), texts()));
  EXPECT_EQ(left(), std::vector<std::string>{"0000000001.h5"});
}

TEST_F(SnapshotTest, MissingAndForeignFilesAreNamed) {
  const auto missing = read_snapshot(root / "none.h5");
  EXPECT_EQ(missing.error().kind, ErrorKind::NotFound);
  std::ofstream(root / "text.h5") << "hello";
  const auto foreign = read_snapshot(root / "text.h5");
  EXPECT_EQ(foreign.error().kind, ErrorKind::Damaged);
  EXPECT_NE(foreign.error().message.find("text.h5"), std::string::npos);
}

std::vector<std::string> column_names(const std::string& path, const char* table, hsize_t& rows) {
  const auto file = Hdf5File::open(path);
  EXPECT_TRUE(file);
  const Hid dataset(H5Dopen2(file->id(), table, H5P_DEFAULT), H5Dclose);
  EXPECT_TRUE(dataset) << table;
  const Hid space(H5Dget_space(dataset.get()), H5Sclose);
  const Hid type(H5Dget_type(dataset.get()), H5Tclose);
  H5Sget_simple_extent_dims(space.get(), &rows, nullptr);
  std::vector<std::string> names;
  for (unsigned i = 0; i < static_cast<unsigned>(H5Tget_nmembers(type.get())); ++i) {
    char* name = H5Tget_member_name(type.get(), i);
    names.emplace_back(name);
    H5free_memory(name);
  }
  return names;
}

TEST_F(SnapshotTest, HasTheTables) {
  const std::string path = compacted().path;
  hsize_t rows = 0;
  EXPECT_EQ(column_names(path, "/jobs", rows),
            (std::vector<std::string>{"name", "status", "statusReason", "queue", "array", "size",
                                      "SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING",
                                      "SUCCEEDED", "FAILED", "skipped", "vcpus", "memoryMiB",
                                      "gpus", "priority"}));
  EXPECT_EQ(rows, 2U);
  EXPECT_EQ(column_names(path, "/array_children", rows),
            (std::vector<std::string>{"job", "index", "key", "status", "attemptsFailed"}));
  EXPECT_EQ(rows, 4U);
  EXPECT_EQ(column_names(path, "/attempts", rows).size(), 15U);
  EXPECT_EQ(rows, 3U);
  column_names(path, "/nodes", rows);
  EXPECT_EQ(rows, 1U);
  column_names(path, "/queues", rows);
  EXPECT_EQ(rows, 1U);
  column_names(path, "/job_definitions", rows);
  EXPECT_EQ(rows, 2U);
}

TEST(Hdf5Table, WritesManyChunks) {
  testing::TemporaryFolder root;
  constexpr std::uint64_t kRows = 200'000;
  {
    auto file = Hdf5File::create(root / "t.h5");
    ASSERT_TRUE(file) << file.error().message;
    TableWriter table(*file, "/t", {{"n", Column::Type::U64}, {"long", Column::Type::LongText}});
    for (std::uint64_t i = 0; i < kRows; ++i) {
      table.number(i).text(i % 1000 == 0 ? "a reason of its own" : "");
      ASSERT_TRUE(table.end_row());
    }
    ASSERT_TRUE(table.finish());
    const auto image = file->image();
    ASSERT_TRUE(image);
    std::ofstream(root / "t.h5", std::ios::binary) << std::string(kUserBlockSize, '\0') << *image;
  }
  const auto file = Hdf5File::open(root / "t.h5");
  ASSERT_TRUE(file);
  const Hid dataset(H5Dopen2(file->id(), "/t", H5P_DEFAULT), H5Dclose);
  const Hid type(H5Tcreate(H5T_COMPOUND, 8), H5Tclose);
  H5Tinsert(type.get(), "n", 0, H5T_NATIVE_UINT64);
  std::vector<std::uint64_t> numbers(kRows);
  ASSERT_GE(H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()), 0);
  for (std::uint64_t i = 0; i < kRows; ++i) ASSERT_EQ(numbers[i], i);
}

}  // namespace
}  // namespace mpibatch::store
