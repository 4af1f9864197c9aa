// The bytes of journals, segments and small files: a header, then records. Integers are
// little-endian.
//
//   header   12 bytes: "mpib", u16 format version, u8 kind of file (FileKind), u8 0,
//            u32 CRC-32C of those 8 bytes
//   record   u32 length of kind and payload, u32 CRC-32C of length, kind and payload, u8 kind,
//            payload (base/layout.hpp of the struct that the kind names)
//   mark     a record of kind 1, written after each sync: u64 = its own offset. Everything before
//            it is synced.
//
// Version rule: each kind of file has its version; a reader refuses one that it does not know. A
// new record kind or a changed payload is a new version. Segments: 2 has no OutputCut; journals: 2 has no GrantedAfter. Bad bytes
// before a mark are damage: an error that names file and byte. After the last mark they are the
// tail of a writer that was interrupted, and the file ends there. A mark that is copied elsewhere
// (a job may print a segment) names a foreign offset and counts for nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>

namespace mpibatch::store {

inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kFrameSize = 8;  // before kind and payload
// No record is longer: a damaged length must not make a reader take the whole file into memory.
inline constexpr std::size_t kRecordLengthMax = std::size_t{1} << 30;

enum class FileKind : std::uint8_t {
  Journal = 1,
  Segment,
  Owner,
  Counter,
  Surroundings,
  Snapshot,
  SegmentIndex
};

struct FormatVersions {
  std::uint16_t oldest = 2;  // that is still read
  std::uint16_t newest = 2;  // as it is written
};
constexpr FormatVersions format_versions(FileKind kind) {
  const bool grown = kind == FileKind::Segment || kind == FileKind::Journal;
  return grown ? FormatVersions{2, 3} : FormatVersions{};
}

enum class RecordKind : std::uint8_t {
  Mark = 1,
  // Journal.
  Preface = 2,
  Fact = 3,
  // Segment.
  SegmentHeader = 16,
  GrantReceived = 17,
  AttemptStarted = 18,
  OutputChunk = 19,
  AttemptEnded = 20,
  OutputCut = 21,
  SegmentBlock = 22,  // of a segment's index
  // Small files: their only record.
  Whole = 32,
};

std::string file_header(FileKind kind);
void append_record(std::string& to, RecordKind kind, std::string_view payload);

// Buffers records, writes and syncs them. Once something has failed nothing is written any more:
// the first error is told once, later calls are refused.
class RecordWriter {
 public:
  RecordWriter(std::unique_ptr<File> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  void start(FileKind kind) { buffer_ += file_header(kind); }
  void append(RecordKind kind, std::string_view payload);
  Result<void> write();   // to the file; no sync
  Result<void> commit();  // write, sync, and a mark behind it
  std::uint64_t bytes() const { return written_ + buffer_.size(); }
  std::uint64_t buffered() const { return buffer_.size(); }
  const File& file() const { return *file_; }

 private:
  Result<void> failed(const Error& error);

  std::unique_ptr<File> file_;
  std::string path_;
  std::string buffer_;
  std::uint64_t written_ = 0;
  std::uint64_t synced_ = 0;  // what the last mark stands behind, the mark included
  bool too_long_ = false;
  std::optional<Error> failure_;
};

struct RecordView {
  RecordKind kind{};
  std::string_view payload;  // valid until the next call of the reader
  std::uint64_t offset = 0;  // of the record in the file
  std::uint64_t end = 0;
};

// Reads a file's records in large pieces, while it grows or after.
class RecordReader {
 public:
  // From `offset`: 0, or where a record ends. Never beyond `limit`, where a newer file says that
  // this one stops: what is bad or missing before it is damage.
  RecordReader(const FileSystem& files, std::string path, FileKind kind, std::uint64_t offset = 0,
               std::uint64_t limit = UINT64_MAX);
  // No more than a record's rest is read beyond `end`, where the caller wants to stop or skip.
  void read_ahead_to(std::uint64_t end) { ahead_ = end; }
  // Goes on at `offset`, where a record ends, not before where it is.
  void skip_to(std::uint64_t offset);
  // Goes on at `offset` if a mark stands there, and says whether; not before where it is.
  Result<bool> skip_to_mark(std::uint64_t offset);
  std::uint64_t mark() const { return mark_; }  // the offset of the last one passed; 0: none
  // The next record that is no mark; none at the end, or where a tail begins.
  Result<std::optional<RecordView>> next();
  std::uint64_t offset() const { return base_ + used_; }  // behind the last record or mark
  tl::unexpected<Error> damaged(std::uint64_t byte, const std::string& what) const;

 private:
  Result<bool> fill(std::size_t size);  // whether so many unread bytes are in the buffer
  Result<bool> header();                // false: it is not there yet
  Result<bool> good_record();           // false: stop() has seen to it
  Result<void> stop(const std::string& what);
  Result<bool> marked_later() const;
  std::string_view unread() const { return std::string_view(buffer_).substr(used_); }

  const FileSystem& files_;
  std::string path_;
  FileKind kind_;
  std::uint64_t limit_;
  std::uint64_t ahead_ = UINT64_MAX;
  std::string buffer_;
  std::uint64_t base_ = 0;  // where the buffer begins in the file
  std::size_t used_ = 0;    // of the buffer
  std::uint64_t mark_ = 0;
  bool at_end_ = false;  // the buffer holds the file's last bytes
  bool stopped_ = false;
  std::optional<std::uint64_t> read_again_;  // the record that was read a second time
};

// A small file with one record and one writer, replaced as a whole: temporary name, sync if told
// to, rename.
Result<void> write_whole(FileSystem& files, const std::string& path, FileKind kind,
                         std::string_view payload, bool sync);
// Its payload; NotFound if there is none, Damaged if it is not what was written.
Result<std::string> read_whole(const FileSystem& files, const std::string& path, FileKind kind);

}  // namespace mpibatch::store
