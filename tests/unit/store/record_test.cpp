#include "store/record.hpp"

#include <gtest/gtest.h>

#include <mpibatch/base/crc32c.hpp>

#include "support/hex.hpp"
#include "support/memory_filesystem.hpp"

namespace mpibatch::store {
namespace {

using testing::MemoryFileSystem;
using testing::to_hex;

constexpr const char* kRecordsPath = "/f";

struct RecordsRead {
  std::vector<std::string> payloads;
  std::optional<Error> error;
  std::uint64_t offset = 0;
};

RecordsRead read_all(const FileSystem& files, std::uint64_t limit = UINT64_MAX) {
  RecordReader reader(files, kRecordsPath, FileKind::Journal, 0, limit);
  RecordsRead read;
  for (;;) {
    const auto record = reader.next();
    read.offset = reader.offset();
    if (!record) read.error = record.error();
    if (!record || !*record) return read;
    read.payloads.emplace_back((*record)->payload);
  }
}

// Three commits of two records each, and two records that nobody synced.
std::string sample(std::uint64_t& last_mark_end) {
  MemoryFileSystem disk;
  RecordWriter writer(std::move(*disk.create_exclusive(kRecordsPath)), kRecordsPath);
  writer.start(FileKind::Journal);
  for (int i = 0; i < 3; ++i) {
    writer.append(RecordKind::Fact, "first " + std::to_string(i));
    writer.append(RecordKind::Fact, std::string(20, 'x'));
    EXPECT_TRUE(writer.commit());
  }
  last_mark_end = writer.bytes();
  writer.append(RecordKind::Fact, "unsynced");
  writer.append(RecordKind::Fact, "unsynced too");
  EXPECT_TRUE(writer.write());
  return disk.read(kRecordsPath).value();
}

MemoryFileSystem& with(MemoryFileSystem& disk, const std::string& bytes) {
  if (!disk.exists(kRecordsPath)) (void)disk.create_exclusive(kRecordsPath);
  disk.overwrite(kRecordsPath, bytes);
  return disk;
}

TEST(Record, LayoutIsGolden) {
  MemoryFileSystem disk;
  RecordWriter writer(std::move(*disk.create_exclusive(kRecordsPath)), kRecordsPath);
  writer.start(FileKind::Journal);
  writer.append(RecordKind::Fact, "abc");
  ASSERT_TRUE(writer.commit());
  EXPECT_EQ(to_hex(disk.read(kRecordsPath).value()),
            "6d706962"            // "mpib"
            "0300"                // format version
            "0100"                // journal
            "5fb61843"            // CRC-32C
            "04000000"            // length of kind and payload
            "13253899"            // CRC-32C
            "03616263"            // fact, "abc"
            "09000000"            // a mark:
            "7ef3873d"            //
            "01"                  //
            "1800000000000000");  // everything before byte 24 is synced
}

TEST(Record, EveryTruncationReadsAsAPrefix) {
  std::uint64_t marked = 0;
  const std::string bytes = sample(marked);
  MemoryFileSystem disk;
  std::size_t most = 0;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const RecordsRead read = read_all(with(disk, bytes.substr(0, size)));
    EXPECT_FALSE(read.error) << size << ": " << read.error->message;
    EXPECT_GE(read.payloads.size(), most);
    EXPECT_LE(read.offset, size);
    most = read.payloads.size();
  }
  EXPECT_EQ(most, 8U);
}

TEST(Record, EveryFlippedBitIsFound) {
  std::uint64_t marked = 0;
  const std::string bytes = sample(marked);
  MemoryFileSystem disk;
  const std::vector<std::string> all = read_all(with(disk, bytes)).payloads;
  constexpr std::size_t kMark = 17;
  for (std::size_t byte = 0; byte < bytes.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = bytes;
      bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
      const RecordsRead read = read_all(with(disk, bad));
      if (byte < marked - kMark) {
        ASSERT_TRUE(read.error) << byte << "." << bit;
        EXPECT_EQ(read.error->kind, ErrorKind::Damaged);
        EXPECT_NE(read.error->message.find(kRecordsPath), std::string::npos);
        EXPECT_NE(read.error->message.find("byte "), std::string::npos);
      } else {
        ASSERT_FALSE(read.error) << byte << "." << bit << ": " << read.error->message;
        ASSERT_LT(read.payloads.size(), all.size());
        EXPECT_TRUE(std::equal(read.payloads.begin(), read.payloads.end(), all.begin()));
      }
    }
}

TEST(Record, DamageNamesTheByteOfItsRecord) {
  std::uint64_t marked = 0;
  std::string bytes = sample(marked);
  bytes[kHeaderSize + kFrameSize + 3] ^= 1;
  MemoryFileSystem disk;
  const RecordsRead read = read_all(with(disk, bytes));
  ASSERT_TRUE(read.error);
  EXPECT_NE(read.error->message.find("'/f' is damaged at byte 12:"), std::string::npos)
      << read.error->message;
}

TEST(Record, ZeroedBlocksAreDamageOrTail) {
  std::uint64_t marked = 0;
  const std::string bytes = sample(marked);
  const std::size_t last_mark = marked - 17;
  MemoryFileSystem disk;
  for (std::size_t from = 0; from < bytes.size(); ++from) {
    std::string bad = bytes;
    const std::size_t size = std::min<std::size_t>(40, bytes.size() - from);
    bad.replace(from, size, size, '\0');
    const RecordsRead read = read_all(with(disk, bad));
    // With the last mark itself gone an earlier one may still stand behind the zeros.
    if (from + size <= last_mark) {
      EXPECT_TRUE(read.error) << from;
    }
    if (from >= last_mark) {
      EXPECT_FALSE(read.error) << from;
    }
  }
}

TEST(Record, AMarkCopiedElsewhereCountsForNothing) {
  std::uint64_t marked = 0;
  const std::string bytes = sample(marked);
  // A torn tail that holds a whole file, as the output of `cat segment` would.
  std::string tail;
  append_record(tail, RecordKind::OutputChunk, bytes + bytes);
  tail[9] ^= 1;
  MemoryFileSystem disk;
  const RecordsRead read = read_all(with(disk, bytes.substr(0, marked) + tail));
  EXPECT_FALSE(read.error);
  EXPECT_EQ(read.payloads.size(), 6U);
}

TEST(Record, BeforeALimitEverythingMustBeGood) {
  std::uint64_t marked = 0;
  const std::string bytes = sample(marked);
  MemoryFileSystem disk;
  EXPECT_EQ(read_all(with(disk, bytes), marked).payloads.size(), 6U);
  EXPECT_TRUE(read_all(with(disk, bytes), marked + 1).error);
  EXPECT_TRUE(read_all(with(disk, bytes.substr(0, marked - 1)), marked).error);
  EXPECT_TRUE(read_all(with(disk, ""), marked).error);
}

TEST(Record, ReadsRecordsBiggerThanItsBuffer) {
  MemoryFileSystem disk;
  RecordWriter writer(std::move(*disk.create_exclusive(kRecordsPath)), kRecordsPath);
  writer.start(FileKind::Journal);
  const std::size_t size = std::size_t{5} << 20;
  for (int i = 0; i < 2; ++i) writer.append(RecordKind::Fact, std::string(size, 'b'));
  writer.append(RecordKind::Fact, "small");
  ASSERT_TRUE(writer.commit());
  const RecordsRead read = read_all(disk);
  ASSERT_FALSE(read.error);
  ASSERT_EQ(read.payloads.size(), 3U);
  EXPECT_EQ(read.payloads[1].size(), size);
  EXPECT_EQ(read.offset, writer.bytes());
}

TEST(Record, AnotherVersionOrKindIsRefusedByName) {
  MemoryFileSystem disk;
  const RecordsRead kind = read_all(with(disk, file_header(FileKind::Segment)));
  ASSERT_TRUE(kind.error);
  EXPECT_NE(kind.error->message.find("another kind"), std::string::npos);
  std::string header = file_header(FileKind::Journal).substr(0, 8);
  header[4] = 4;
  const std::uint32_t crc = crc32c(header);
  for (int i = 0; i < 4; ++i) header.push_back(static_cast<char>(crc >> (8 * i)));
  const RecordsRead version = read_all(with(disk, header));
  ASSERT_TRUE(version.error);
  EXPECT_NE(version.error->message.find("format version 4, this program reads 3"),
            std::string::npos);
}

TEST(Record, FullDiskIsToldOnceAndThenRefused) {
  MemoryFileSystem disk;
  RecordWriter writer(std::move(*disk.create_exclusive(kRecordsPath)), kRecordsPath);
  writer.start(FileKind::Journal);
  writer.append(RecordKind::Fact, "safe");
  ASSERT_TRUE(writer.commit());
  disk.fail_after(5);
  writer.append(RecordKind::Fact, "does not fit");
  const auto full = writer.commit();
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::System);
  disk.heal();
  writer.append(RecordKind::Fact, "later");
  const auto refused = writer.commit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Closed);
  EXPECT_NE(refused.error().message.find("No space left"), std::string::npos);
  EXPECT_EQ(read_all(disk).payloads, std::vector<std::string>{"safe"});
}

TEST(Record, FailedSyncIsFinal) {
  MemoryFileSystem disk;
  RecordWriter writer(std::move(*disk.create_exclusive(kRecordsPath)), kRecordsPath);
  writer.start(FileKind::Journal);
  writer.append(RecordKind::Fact, "a");
  disk.fail_next_sync();
  EXPECT_EQ(writer.commit().error().kind, ErrorKind::System);
  writer.append(RecordKind::Fact, "b");
  EXPECT_EQ(writer.commit().error().kind, ErrorKind::Closed) << "although a sync would succeed";
}

TEST(Record, OneTooLongIsRefusedByName) {
  MemoryFileSystem disk;
  RecordWriter writer(std::move(*disk.create_exclusive(kRecordsPath)), kRecordsPath);
  const std::string small;
  // Its bytes are never read.
  writer.append(RecordKind::Fact, std::string_view(small.data(), kRecordLengthMax));
  const auto refused = writer.commit();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("longer than 1 GiB"), std::string::npos);
}

// Shows a file as a reader in the middle of an append may see it: the first look ends early.
class GrowingFile final : public FileSystem {
 public:
  GrowingFile(std::string early, std::string late)
      : early_(std::move(early)), late_(std::move(late)) {}
  Result<std::string> read(const std::string&, std::uint64_t offset,
                           std::uint64_t size_max) const override {
    const std::string& now = looked_++ < 2 ? early_ : late_;
    return offset < now.size() ? now.substr(offset, size_max) : std::string();
  }
  Result<std::unique_ptr<File>> create_exclusive(const std::string&) override { return nullptr; }
  Result<void> sync_file(const std::string&) override { return {}; }
  Result<void> sync_folder(const std::string&) override { return {}; }
  Result<void> link(const std::string&, const std::string&) override { return {}; }
  Result<void> rename(const std::string&, const std::string&) override { return {}; }
  Result<void> remove(const std::string&) override { return {}; }
  Result<void> make_folder(const std::string&) override { return {}; }
  Result<std::vector<std::string>> list(const std::string&) const override { return {}; }
  bool exists(const std::string&) const override { return true; }

 private:
  std::string early_;
  std::string late_;
  mutable int looked_ = 0;
};

TEST(Record, AFileThatGrowsMeanwhileIsNotDamaged) {
  std::uint64_t marked = 0;
  const std::string bytes = sample(marked).substr(0, marked);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const RecordsRead read = read_all(GrowingFile(bytes.substr(0, size), bytes));
    EXPECT_FALSE(read.error) << size << ": " << read.error->message;
  }
}

TEST(SmallFile, IsReplacedWhole) {
  MemoryFileSystem disk;
  EXPECT_EQ(read_whole(disk, kRecordsPath, FileKind::Counter).error().kind, ErrorKind::NotFound);
  ASSERT_TRUE(write_whole(disk, kRecordsPath, FileKind::Counter, "one", true));
  ASSERT_TRUE(disk.create_exclusive("/f.tmp")) << "left by a writer that died";
  ASSERT_TRUE(write_whole(disk, kRecordsPath, FileKind::Counter, "two", true));
  EXPECT_EQ(read_whole(disk, kRecordsPath, FileKind::Counter).value(), "two");
  EXPECT_EQ(read_whole(disk, kRecordsPath, FileKind::Owner).error().kind, ErrorKind::Damaged);
  disk.overwrite(kRecordsPath, "");
  EXPECT_EQ(read_whole(disk, kRecordsPath, FileKind::Counter).error().kind, ErrorKind::Damaged);
}

}  // namespace
}  // namespace mpibatch::store
