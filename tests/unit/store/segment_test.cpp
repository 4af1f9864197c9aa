#include <mpibatch/store/segment.hpp>

#include <gtest/gtest.h>

#include "support/hex.hpp"
#include "support/memory_filesystem.hpp"
#include "unit/store/folder.hpp"

namespace mpibatch::store {
namespace {

using testing::MemoryFileSystem;

const SegmentHeader kHeader{"r", {"node1", 1}, {0xab}};
const std::string kSegmentPath = "/s/nodes/node1.1/00000000000000ab.segment";
const model::ExecutionId kExecution{model::JobId{3}, 7, {model::Epoch{2}, 17}};

std::vector<SegmentRecord> samples() {
  AttemptEnded ended{9, kExecution, {}, 2};
  ended.end.kind = model::EndKind::Signaled;
  ended.end.code = 9;
  ended.end.reason = "why";
  ended.end.started_at = instant_from_us(1);
  ended.end.stopped_at = instant_from_us(2);
  ended.end.usage = {Duration{3}, Duration{4}, Duration{5}, 6};
  return {kHeader,
          GrantReceived{kExecution.grant, kExecution.job, model::Revision{1}, {{0, 8}}},
          AttemptStarted{kExecution, 2, instant_from_us(1), {0, 1}},
          OutputChunk{kExecution, Stream::Stderr, 5, std::string("a\0b", 3)},
          ended,
          OutputCut{kExecution, Stream::Stdout, 1024, 77, 1000}};
}

std::unique_ptr<SegmentWriter> begin(FileSystem& files) {
  auto writer = SegmentWriter::create(files, kFolder, kHeader);
  EXPECT_TRUE(writer) << writer.error().message;
  return std::move(*writer);
}

struct SegmentRead {
  Result<void> result;
  std::vector<SegmentRecord> records;
};

SegmentRead read(const FileSystem& files, SegmentPosition& position) {
  SegmentRead got;
  got.result = read_segment(files, kSegmentPath, position,
                            [&](const SegmentRecord& record) { got.records.push_back(record); });
  return got;
}

TEST(Segment, LayoutIsGolden) {
  MemoryFileSystem disk;
  auto writer = begin(disk);
  const auto records = samples();
  for (std::size_t i = 1; i < records.size(); ++i) writer->append(records[i]);
  ASSERT_TRUE(writer->write());
  EXPECT_EQ(testing::to_hex(disk.read(kSegmentPath).value()),
            // header
            "6d70696203000200c61eff77"
            // SegmentHeader
            "1b00000024531953100100000072050000006e6f64653101000000ab00000000000000"
            // mark
            "09000000579aa84e012f00000000000000"
            // GrantReceived
            "1d0000006d8fee6911020000001100000003000000010000000100000000000000080000"
            "00"
            // AttemptStarted
            "26000000f8a2d9c912030000000700000002000000110000000201000000000000000200"
            "00000000000001000000"
            // OutputChunk
            "2100000017e940eb13030000000700000002000000110000000105000000000000000300"
            "0000610062"
            // AttemptEnded
            "56000000d308f30114090000000000000003000000070000000200000011000000010900"
            "000003000000776879010000000000000002000000000000000300000000000000040000"
            "00000000000500000000000000060000000000000002"
            // OutputCut
            "2a0000006b57ff2c15030000000700000002000000110000000000040000000000004d000000"
            "00000000e803000000000000");
  SegmentPosition position;
  EXPECT_EQ(read(disk, position).records, records);
}

TEST(Segment, ThoseOfVersion2AreStillRead) {
  MemoryFileSystem disk;
  auto writer = begin(disk);
  const auto records = samples();
  for (std::size_t i = 1; i < 5; ++i) writer->append(records[i]);
  ASSERT_TRUE(writer->commit());
  std::string bytes = disk.read(kSegmentPath).value();
  bytes.replace(0, 12, std::string("mpib\2\0\2\0\x7e\xb4\xba\xaa", 12));
  disk.overwrite(kSegmentPath, bytes);
  SegmentPosition position;
  const SegmentRead got = read(disk, position);
  ASSERT_TRUE(got.result) << got.result.error().message;
  EXPECT_EQ(got.records, std::vector<SegmentRecord>(records.begin(), records.begin() + 5));
}

TEST(Segment, IsReadWhileItGrows) {
  MemoryFileSystem disk;
  auto writer = begin(disk);
  SegmentPosition position;
  EXPECT_EQ(read(disk, position).records.size(), 1U);
  EXPECT_TRUE(read(disk, position).records.empty());
  const auto records = samples();
  writer->append(records[1]);
  EXPECT_GT(writer->buffered_bytes(), 0U);
  EXPECT_TRUE(read(disk, position).records.empty()) << "buffered";
  ASSERT_TRUE(writer->write());
  EXPECT_EQ(read(disk, position).records, std::vector<SegmentRecord>{records[1]});
  writer->append(records[2]);
  ASSERT_TRUE(writer->commit());
  writer->append(records[3]);
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(read(disk, position).records, (std::vector<SegmentRecord>{records[2], records[3]}));
  EXPECT_TRUE(read(disk, position).records.empty());
}

TEST(Segment, AHalfWrittenRecordIsLeftForTheNextCall) {
  MemoryFileSystem source;
  {
    auto writer = begin(source);
    const auto records = samples();
    for (std::size_t i = 1; i < records.size(); ++i) {
      writer->append(records[i]);
      ASSERT_TRUE(writer->commit());
    }
  }
  const std::string bytes = source.read(kSegmentPath).value();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    MemoryFileSystem disk;
    ASSERT_TRUE(disk.make_folder(kFolder.node(kHeader.node)));
    ASSERT_TRUE(disk.create_exclusive(kSegmentPath));
    disk.overwrite(kSegmentPath, bytes.substr(0, cut));
    SegmentPosition position;
    SegmentRead first = read(disk, position);
    ASSERT_TRUE(first.result) << cut << ": " << first.result.error().message;
    disk.overwrite(kSegmentPath, bytes);
    const SegmentRead second = read(disk, position);
    ASSERT_TRUE(second.result) << cut << ": " << second.result.error().message;
    first.records.insert(first.records.end(), second.records.begin(), second.records.end());
    EXPECT_EQ(first.records, samples()) << cut;
    EXPECT_EQ(position.bytes, bytes.size());
  }
}

TEST(Segment, DamageBeforeAMarkIsNamed) {
  MemoryFileSystem disk;
  auto writer = begin(disk);
  for (int i = 0; i < 3; ++i) {
    writer->append(samples()[3]);
    ASSERT_TRUE(writer->commit());
  }
  const std::string bytes = disk.read(kSegmentPath).value();
  for (std::size_t byte = 0; byte + 17 < bytes.size(); ++byte) {
    std::string bad = bytes;
    bad[byte] ^= 1;
    disk.overwrite(kSegmentPath, bad);
    SegmentPosition position;
    const SegmentRead got = read(disk, position);
    ASSERT_FALSE(got.result) << byte;
    EXPECT_EQ(got.result.error().kind, ErrorKind::Damaged);
    EXPECT_NE(got.result.error().message.find(kSegmentPath), std::string::npos);
  }
}

TEST(Segment, SyncedEndsOutliveAPowerLoss) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    MemoryFileSystem disk;
    auto writer = begin(disk);
    ASSERT_TRUE(disk.sync_folder("/"));
    for (int i = 0; i < 3; ++i) writer->append(samples()[4]);
    ASSERT_TRUE(writer->commit());
    for (int i = 0; i < 3; ++i) writer->append(samples()[3]);
    ASSERT_TRUE(writer->write());
    disk.crash(seed);
    SegmentPosition position;
    const SegmentRead got = read(disk, position);
    ASSERT_TRUE(got.result) << seed << ": " << got.result.error().message;
    EXPECT_GE(got.records.size(), 4U) << seed;
  }
}

TEST(Segment, OneInstanceWritesIt) {
  MemoryFileSystem disk;
  const auto first = begin(disk);
  EXPECT_EQ(SegmentWriter::create(disk, kFolder, kHeader).error().kind, ErrorKind::Busy);
  EXPECT_EQ(first->link_count().value(), 1U);
  ASSERT_TRUE(disk.remove(kSegmentPath));
  EXPECT_EQ(first->link_count().value(), 0U);
  SegmentPosition position;
  EXPECT_EQ(read(disk, position).result.error().kind, ErrorKind::NotFound);
}

TEST(Segment, FailuresAreToldOnceAndThenRefused) {
  MemoryFileSystem disk;
  auto writer = begin(disk);
  writer->append(samples()[3]);
  disk.fail_after(3);
  EXPECT_EQ(writer->write().error().kind, ErrorKind::System);
  disk.heal();
  EXPECT_EQ(writer->write().error().kind, ErrorKind::Closed);
  EXPECT_EQ(writer->commit().error().kind, ErrorKind::Closed);
}

TEST(Segment, AreListedByPath) {
  MemoryFileSystem disk;
  EXPECT_TRUE(list_segments(disk, kFolder).value().empty());
  const auto second = SegmentWriter::create(disk, kFolder, {"r", {"node2", 0}, {1}});
  const auto first = begin(disk);
  ASSERT_TRUE(disk.create_exclusive("/s/nodes/note.txt"));
  ASSERT_TRUE(disk.create_exclusive("/s/nodes/node2.0/note.txt"));
  EXPECT_EQ(list_segments(disk, kFolder).value(),
            (std::vector<std::string>{kSegmentPath, "/s/nodes/node2.0/0000000000000001.segment"}));
}

}  // namespace
}  // namespace mpibatch::store
