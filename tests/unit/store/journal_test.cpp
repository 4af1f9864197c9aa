#include <mpibatch/store/journal.hpp>

#include <gtest/gtest.h>

#include <mpibatch/base/layout.hpp>

#include "support/hex.hpp"
#include "support/memory_filesystem.hpp"
#include "unit/store/folder.hpp"

namespace mpibatch::store {
namespace {

using model::Epoch;
using testing::MemoryFileSystem;

const std::string kRun(32, 'a');

model::Fact fact(const std::string& reason) {
  return model::NodeGone{model::NodeId{1}, {2}, reason};
}

std::string reason_of(const model::Fact& one) { return std::get<model::NodeGone>(one).reason; }

struct Read {
  Result<JournalRead> result;
  std::vector<std::string> reasons;
};

Read read(const FileSystem& files, const JournalPart& part = {}) {
  Read got;
  got.result = read_journal(files, kFolder, part, [&](FactNumber, const model::Fact& one) {
    got.reasons.push_back(reason_of(one));
  });
  return got;
}

std::unique_ptr<JournalWriter> begin(FileSystem& files, std::uint32_t epoch,
                                     const std::vector<SegmentStop>& stops,
                                     const std::string& run = kRun) {
  auto writer = JournalWriter::create(files, kFolder, run, Epoch{epoch}, stops);
  EXPECT_TRUE(writer) << writer.error().message;
  EXPECT_TRUE((*writer)->commit());
  return std::move(*writer);
}

// What a new rank 0 does.
std::unique_ptr<JournalWriter> take_over(FileSystem& files, std::uint32_t epoch) {
  const Read before = read(files);
  EXPECT_TRUE(before.result) << before.result.error().message;
  EXPECT_TRUE(sync_journal(files, kFolder, before.result->stops));
  return begin(files, epoch, before.result->stops);
}

TEST(Journal, NoneIsEmpty) {
  MemoryFileSystem disk;
  const Read got = read(disk);
  ASSERT_TRUE(got.result);
  EXPECT_TRUE(got.result->run.empty());
  EXPECT_TRUE(got.result->stops.empty());
}

TEST(Journal, LayoutIsGolden) {
  MemoryFileSystem disk;
  auto writer = begin(disk, 2, {{Epoch{1}, 300, 5}}, "r");
  writer->append(model::RunFinished{true});
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(testing::to_hex(disk.read("/s/journal/0000000002.journal").value()),
            // header
            "6d706962030001005fb61843"
            // preface: run "r", epoch 2, one stop
            "22000000211e882a0201000000720200000001000000010000002c010000000000000500"
            "000000000000"
            // mark
            "090000001eead9c1013600000000000000"
            // fact 11: RunFinished, failed
            "0300000064378db2030b01"
            // mark
            "09000000d8c6c4f7015200000000000000");
}

TEST(Journal, GivesBackEveryFactInOrder) {
  MemoryFileSystem disk;
  auto writer = begin(disk, 1, {});
  EXPECT_EQ(writer->append(fact("a")), 1U);
  EXPECT_EQ(writer->append(fact("b")), 2U);
  EXPECT_EQ(writer->commit().value(), 2U);
  EXPECT_EQ(writer->append(fact("c")), 3U);
  EXPECT_EQ(read(disk).reasons, (std::vector<std::string>{"a", "b"})) << "buffered";
  EXPECT_EQ(writer->commit().value(), 3U);
  const Read got = read(disk);
  EXPECT_EQ(got.reasons, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(got.result->run, kRun);
  EXPECT_EQ(got.result->last, (FactNumber{Epoch{1}, 3}));
  EXPECT_EQ(got.result->stops, (std::vector<SegmentStop>{{Epoch{1}, writer->bytes(), 3}}));
  EXPECT_EQ(read(disk, {{Epoch{1}, 2}}).reasons, std::vector<std::string>{"c"});
}

TEST(Journal, CommitWithNothingNewDoesNotSync) {
  MemoryFileSystem disk;
  auto writer = begin(disk, 1, {});
  const auto before = disk.syncs();
  EXPECT_EQ(writer->commit().value(), 0U);
  EXPECT_EQ(disk.syncs(), before);
}

TEST(Journal, WhatWasCommittedOutlivesAPowerLoss) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    MemoryFileSystem disk;
    auto writer = begin(disk, 1, {});
    ASSERT_TRUE(disk.sync_folder("/"));
    std::uint64_t safe = 0;
    for (int commit = 0; commit < 3; ++commit) {
      for (int i = 0; i < 3; ++i) writer->append(fact(std::string(50, 'x')));
      safe = writer->commit().value();
    }
    // The fourth batch reached the system, not the disk.
    for (int i = 0; i < 4; ++i) writer->append(fact(std::string(50, 'y')));
    disk.fail_next_sync();
    EXPECT_FALSE(writer->commit());
    disk.crash(seed);
    const Read got = read(disk);
    ASSERT_TRUE(got.result) << seed << ": " << got.result.error().message;
    ASSERT_GE(got.reasons.size(), safe) << seed;
    // And the next life goes on from exactly that.
    auto next = take_over(disk, 2);
    next->append(fact("next"));
    ASSERT_TRUE(next->commit());
    const Read again = read(disk);
    ASSERT_TRUE(again.result) << seed << ": " << again.result.error().message;
    EXPECT_EQ(again.reasons.size(), got.reasons.size() + 1);
  }
}

TEST(Journal, EveryTruncationOfTheNewestSegmentIsAPrefix) {
  MemoryFileSystem disk;
  begin(disk, 1, {})->append(fact("never committed"));
  {
    auto writer = take_over(disk, 2);
    for (int i = 0; i < 5; ++i) {
      writer->append(fact(std::to_string(i)));
      ASSERT_TRUE(writer->commit());
    }
  }
  const std::string path = kFolder.journal(Epoch{2});
  const std::string bytes = disk.read(path).value();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    disk.overwrite(path, bytes.substr(0, size));
    const Read got = read(disk);
    ASSERT_TRUE(got.result) << size << ": " << got.result.error().message;
    for (std::size_t i = 0; i < got.reasons.size(); ++i)
      EXPECT_EQ(got.reasons[i], std::to_string(i));
    if (const SegmentStop& last = got.result->stops.back(); last.epoch == Epoch{2}) {
      EXPECT_LE(last.bytes, size);
      EXPECT_EQ(last.facts, got.reasons.size());
    }
  }
}

TEST(Journal, AnOldRankZeroThatWakesIsNotHeard) {
  MemoryFileSystem disk;
  auto old = begin(disk, 1, {});
  old->append(fact("old"));
  ASSERT_TRUE(old->commit());
  auto successor = take_over(disk, 2);
  successor->append(fact("new"));
  ASSERT_TRUE(successor->commit());
  old->append(fact("too late"));
  ASSERT_TRUE(old->commit());
  EXPECT_EQ(read(disk).reasons, (std::vector<std::string>{"old", "new"}));
  auto third = take_over(disk, 3);
  third->append(fact("third"));
  ASSERT_TRUE(third->commit());
  EXPECT_EQ(read(disk).reasons, (std::vector<std::string>{"old", "new", "third"}));
}

TEST(Journal, ASegmentThatTheNewestDoesNotNameIsNotHeard) {
  MemoryFileSystem disk;
  auto first = begin(disk, 1, {});
  first->append(fact("first"));
  ASSERT_TRUE(first->commit());
  const auto stops = read(disk).result->stops;
  auto third = begin(disk, 3, stops);  // the second has claimed, and sleeps
  third->append(fact("third"));
  ASSERT_TRUE(third->commit());
  auto second = begin(disk, 2, stops);  // it wakes
  second->append(fact("second"));
  ASSERT_TRUE(second->commit());
  const Read got = read(disk);
  EXPECT_EQ(got.reasons, (std::vector<std::string>{"first", "third"}));
  EXPECT_EQ(got.result->stops.size(), 2U);
}

TEST(Journal, ANewestSegmentWithoutItsPrefaceIsEmpty) {
  MemoryFileSystem disk;
  auto first = begin(disk, 1, {});
  first->append(fact("first"));
  ASSERT_TRUE(first->commit());
  for (const std::string& bytes : {std::string(), std::string("mpi"), std::string(200, '\0')}) {
    (void)disk.create_exclusive(kFolder.journal(Epoch{2}));
    disk.overwrite(kFolder.journal(Epoch{2}), bytes);
    const Read got = read(disk);
    ASSERT_TRUE(got.result) << got.result.error().message;
    EXPECT_EQ(got.reasons, std::vector<std::string>{"first"});
  }
  take_over(disk, 3)->append(fact("x"));
  EXPECT_EQ(read(disk).result->stops.front(), (SegmentStop{Epoch{1}, first->bytes(), 1}));
}

TEST(Journal, AMissingSegmentIsNamed) {
  MemoryFileSystem disk;
  {
    auto first = begin(disk, 1, {});
    first->append(fact("first"));
    ASSERT_TRUE(first->commit());
  }
  take_over(disk, 2);
  ASSERT_TRUE(disk.remove(kFolder.journal(Epoch{1})));
  const Read got = read(disk);
  ASSERT_FALSE(got.result);
  EXPECT_EQ(got.result.error().kind, ErrorKind::Damaged);
  EXPECT_NE(got.result.error().message.find("0000000001.journal' is missing"), std::string::npos);
  EXPECT_TRUE(read(disk, {{Epoch{1}, 1}}).result) << "a snapshot that covers it needs it no more";
}

TEST(Journal, DamageBeforeAStopOrAMarkIsNamed) {
  MemoryFileSystem disk;
  for (std::uint32_t epoch = 1; epoch <= 2; ++epoch) {
    auto writer = take_over(disk, epoch);
    for (int i = 0; i < 3; ++i) writer->append(fact("fact"));
    ASSERT_TRUE(writer->commit());
  }
  for (const Epoch epoch : {Epoch{1}, Epoch{2}}) {
    const std::string path = kFolder.journal(epoch);
    const std::string bytes = disk.read(path).value();
    for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
      std::string bad = bytes;
      bad[byte] ^= 4;
      disk.overwrite(path, bad);
      const Read got = read(disk);
      if (epoch == Epoch{2} && byte >= bytes.size() - 17) continue;  // the last mark itself
      ASSERT_FALSE(got.result) << model::number_of(epoch) << " " << byte;
      EXPECT_EQ(got.result.error().kind, ErrorKind::Damaged);
      EXPECT_NE(got.result.error().message.find(path), std::string::npos);
    }
    disk.overwrite(path, bytes);
  }
  EXPECT_EQ(read(disk).reasons.size(), 6U);
}

TEST(Journal, AnotherRunsSegmentIsRefused) {
  MemoryFileSystem disk;
  const auto bytes = begin(disk, 1, {}, std::string(32, 'b'))->bytes();
  begin(disk, 2, {{Epoch{1}, bytes, 0}});
  const Read got = read(disk);
  ASSERT_FALSE(got.result);
  EXPECT_NE(got.result.error().message.find("another run"), std::string::npos);
}

TEST(Journal, ASnapshotBeyondTheStopIsRefused) {
  MemoryFileSystem disk;
  auto old = begin(disk, 1, {});
  old->append(fact("counts"));
  ASSERT_TRUE(old->commit());
  take_over(disk, 2);
  old->append(fact("does not"));
  ASSERT_TRUE(old->commit());
  EXPECT_TRUE(read(disk, {{Epoch{1}, 1}}).result);
  EXPECT_FALSE(read(disk, {{Epoch{1}, 2}}).result);
  EXPECT_TRUE(read(disk, {{Epoch{2}, 0}}).result);
  EXPECT_FALSE(read(disk, {{Epoch{2}, 1}}).result);
  EXPECT_FALSE(read(disk, {{Epoch{3}, 0}}).result);
}

TEST(Journal, IsReadFromAMarkOn) {
  MemoryFileSystem disk;
  auto writer = begin(disk, 1, {});
  for (const char* reason : {"a", "b", "c", "d"}) {
    writer->append(fact(reason));
    ASSERT_TRUE(writer->commit());
  }
  const Read some = read(disk, {{}, {Epoch{1}, 3}});
  EXPECT_EQ(some.reasons, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(some.result->last, (FactNumber{Epoch{1}, 3}));
  ASSERT_TRUE(some.result->mark);
  EXPECT_EQ(some.result->mark->facts, 3U);
  // Nobody looks at what was damaged since: the snapshot holds it.
  const std::string path = kFolder.journal(Epoch{1});
  const std::string bytes = disk.read(path).value();
  std::string bad = bytes;
  bad[some.result->mark->bytes - 1] ^= 1;
  disk.overwrite(path, bad);
  const JournalPart rest{some.result->last, kLastFact, some.result->mark};
  const Read got = read(disk, rest);
  ASSERT_TRUE(got.result) << got.result.error().message;
  EXPECT_EQ(got.reasons, std::vector<std::string>{"d"});
  EXPECT_EQ(got.result->stops, (std::vector<SegmentStop>{{Epoch{1}, bytes.size(), 4}}));
  EXPECT_EQ(got.result->mark->facts, 4U);
  EXPECT_FALSE(read(disk, {some.result->last}).result) << "from the beginning";
}

TEST(Journal, WithoutThatMarkItIsReadFromTheBeginning) {
  MemoryFileSystem disk;
  auto writer = begin(disk, 1, {});
  for (const char* reason : {"a", "b"}) {
    writer->append(fact(reason));
    ASSERT_TRUE(writer->commit());
  }
  const SegmentStop mark = read(disk).result->mark.value();
  const FactNumber last{Epoch{1}, 2};
  const std::string path = kFolder.journal(Epoch{1});
  const std::string bytes = disk.read(path).value();
  // A power loss took the mark; or with it what stood before it, whose space there still is.
  disk.overwrite(path, bytes.substr(0, mark.bytes));
  EXPECT_TRUE(read(disk, {last, kLastFact, mark}).result);
  for (const std::size_t size : {mark.bytes, bytes.size()}) {
    std::string zeros = bytes.substr(0, mark.bytes - 10);
    zeros.resize(size);
    disk.overwrite(path, zeros);
    const Read got = read(disk, {last, kLastFact, mark});
    ASSERT_FALSE(got.result);
    EXPECT_NE(got.result.error().message.find("take an older snapshot"), std::string::npos);
  }
  disk.overwrite(path, bytes);
  for (const SegmentStop& foreign :
       {SegmentStop{Epoch{1}, mark.bytes + 1, 2}, SegmentStop{Epoch{1}, UINT64_MAX, 2},
        SegmentStop{Epoch{1}, mark.bytes, 3}, SegmentStop{Epoch{2}, mark.bytes, 2}}) {
    const Read got = read(disk, {{Epoch{1}, 1}, kLastFact, foreign});
    ASSERT_TRUE(got.result);
    EXPECT_EQ(got.reasons, std::vector<std::string>{"b"});
  }
}

TEST(Journal, BeforeItsFirstCommitASegmentIsEmpty) {
  MemoryFileSystem disk;
  auto first = begin(disk, 1, {});
  first->append(fact("first"));
  ASSERT_TRUE(first->commit());
  auto second = JournalWriter::create(disk, kFolder, kRun, Epoch{2}, read(disk).result->stops);
  ASSERT_TRUE(second);
  (*second)->append(fact("second"));
  EXPECT_EQ(read(disk).reasons, std::vector<std::string>{"first"});
  ASSERT_TRUE((*second)->commit());
  EXPECT_EQ(read(disk).reasons, (std::vector<std::string>{"first", "second"}));
}

TEST(Journal, TwoWritersOfOneEpochAreImpossible) {
  MemoryFileSystem disk;
  const auto first = begin(disk, 1, {});
  const auto second = JournalWriter::create(disk, kFolder, kRun, Epoch{1}, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Busy);
}

TEST(Journal, FailuresAreToldOnceAndThenRefused) {
  MemoryFileSystem disk;
  auto writer = begin(disk, 1, {});
  writer->append(fact("safe"));
  ASSERT_TRUE(writer->commit());
  disk.fail_next_sync();
  writer->append(fact("not safe"));
  EXPECT_EQ(writer->commit().error().kind, ErrorKind::System);
  EXPECT_EQ(writer->commit().error().kind, ErrorKind::Closed);
}

}  // namespace
}  // namespace mpibatch::store
