// A starter's segment: its outbox in the state folder. Grants received, starts, ends, output.
// Written by one starter instance, read by rank 0 (before it gives a grant up) and by every reader
// (logs, attempts).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/attempt.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/node.hpp>
#include <mpibatch/model/ranges.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

struct SegmentHeader {
  std::string run;
  model::NodeName node;
  model::InstanceId instance;
  bool operator==(const SegmentHeader&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& node& instance;
  }
};

struct GrantReceived {
  model::GrantId grant;
  model::JobId job{};
  model::Revision revision{};
  model::Ranges children;
  bool operator==(const GrantReceived&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& job& revision& children;
  }
};

struct AttemptStarted {
  model::ExecutionId execution;
  std::uint8_t attempt = 1;
  Instant at{};
  std::vector<std::uint32_t> cpus;  // operating system's numbers; empty: not bound
  bool operator==(const AttemptStarted&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& execution& attempt& at& cpus;
  }
};

enum class Stream : std::uint8_t { Stdout, Stderr };
constexpr Stream last_of(Stream) { return Stream::Stderr; }

struct OutputChunk {
  model::ExecutionId execution;
  Stream stream = Stream::Stdout;
  std::uint64_t offset = 0;  // in that stream
  std::string bytes;
  bool operator==(const OutputChunk&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& execution& stream& offset& bytes;
  }
};

// From `offset` on `bytes` bytes of the stream were not kept, since the attempt had printed more
// than `limit` bytes. A later OutputCut of the stream that begins where this one ends is the same
// gap, grown; chunks may go on behind it. Before the attempt's AttemptEnded.
struct OutputCut {
  model::ExecutionId execution;
  Stream stream = Stream::Stdout;
  std::uint64_t offset = 0;  // in that stream, as of all that was printed
  std::uint64_t bytes = 0;
  std::uint64_t limit = 0;
  bool operator==(const OutputCut&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& execution& stream& offset& bytes& limit;
  }
};

struct AttemptEnded {
  std::uint64_t number = 0;  // protocol::EndNotice::number
  model::ExecutionId execution;
  model::AttemptEnd end;
  std::uint8_t attempt = 1;  // here too: what cannot start has no AttemptStarted
  bool operator==(const AttemptEnded&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& number& execution& end& attempt;
  }
};

using SegmentRecord = std::variant<SegmentHeader, GrantReceived, AttemptStarted, OutputChunk,
                                   AttemptEnded, OutputCut>;

class RecordWriter;
class SegmentIndexWriter;

class SegmentWriter {
 public:
  ~SegmentWriter();
  // `files` stays: beside a segment that grows its index is written, for readers.
  static Result<std::unique_ptr<SegmentWriter>> create(FileSystem& files, const StateFolder& folder,
                                                       const SegmentHeader& header);
  void append(const SegmentRecord& record);  // buffers
  Result<void> write();                      // to the file, readable by others; no sync
  Result<void> commit();                     // write and sync; a failure of either is final
  Result<std::uint64_t> link_count() const;
  std::uint64_t buffered_bytes() const;

 private:
  SegmentWriter(std::unique_ptr<RecordWriter> records, std::unique_ptr<SegmentIndexWriter> index);
  std::unique_ptr<RecordWriter> records_;
  std::unique_ptr<SegmentIndexWriter> index_;
};

// Where a reader of a growing segment is.
struct SegmentPosition {
  std::uint64_t bytes = 0;
};

// Hands out the whole records after `position` and moves it. A half-written record at the end is
// left for the next call. NotFound if there is no such segment, Damaged if its bytes are not what
// was written and synced.
Result<void> read_segment(const FileSystem& files, const std::string& path,
                          SegmentPosition& position,
                          const std::function<void(const SegmentRecord&)>& take);

// Paths of all segments of a run, sorted; what else lies in those folders is left out.
Result<std::vector<std::string>> list_segments(const FileSystem& files, const StateFolder& folder);

}  // namespace mpibatch::store
