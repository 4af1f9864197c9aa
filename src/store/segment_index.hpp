// <instance>.index beside a segment: which children its blocks of about 1 MiB speak of, so that who
// asks for one child of a million need not read it all. Never needed: blocks that it lacks are
// read. It is not synced, and a failure to write it ends it, not the segment.
//
//   first record   SegmentHeader, as the segment's
//   then           SegmentBlock records, each beginning where the one before ended
//
// Version rule: record.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/store/segment.hpp>

#include "store/record.hpp"

namespace mpibatch::store {

inline constexpr std::string_view kSegmentSuffix = ".segment";
inline constexpr std::uint64_t kBlockBytes = std::uint64_t{1} << 20;
// A block's children are told by so many spans at the most; with more, the nearest are joined.
inline constexpr std::size_t kSpansMax = 128;

// As granted.
struct ChildKey {
  model::JobId job{};
  model::ChildIndex child = 0;
  auto operator<=>(const ChildKey&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& child;
  }
};
using ChildSpan = std::pair<ChildKey, ChildKey>;  // first and last

struct SegmentBlock {
  std::uint64_t begin = 0;  // in the segment; a record's begin, or 0
  std::uint64_t end = 0;
  // From this grant on grants are of this revision. Only what is new in this block.
  std::vector<std::pair<model::GrantId, model::Revision>> revisions;
  std::vector<ChildSpan> spans;  // sorted; no other child's attempts have records here
  bool operator==(const SegmentBlock&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& begin& end& revisions& spans;
  }
  bool may_speak_of(ChildKey first, ChildKey last) const;
};

std::vector<ChildSpan> spans_of(std::vector<ChildKey> keys, std::size_t most);

class SegmentIndexWriter {
 public:
  SegmentIndexWriter(FileSystem& files, const std::string& segment, SegmentHeader header);
  // A record was appended to the segment, which is `end` bytes long now.
  void appended(const SegmentRecord& record, std::uint64_t end);
  // All that was appended is in the segment's file. The index begins with its first whole block.
  void written();

 private:
  void note_grant(const GrantReceived& grant);
  void close_block(std::uint64_t end);

  FileSystem& files_;
  const std::string path_;
  const SegmentHeader header_;
  std::unique_ptr<RecordWriter> records_;
  bool given_up_ = false;
  std::vector<SegmentBlock> closed_;
  std::uint64_t begin_ = 0;
  std::vector<ChildKey> keys_;
  std::vector<std::pair<model::GrantId, model::Revision>> revisions_;  // of the whole segment
  std::size_t revisions_told_ = 0;
  model::GrantId last_grant_;
};

struct SegmentIndex {
  SegmentHeader header;
  std::vector<SegmentBlock> blocks;  // without a gap from 0 on
  std::optional<model::Revision> revision_of(model::GrantId grant) const;
  std::uint64_t end() const { return blocks.empty() ? 0 : blocks.back().end; }
};
// What can be read of it; nothing if there is none.
SegmentIndex read_segment_index(const FileSystem& files, const std::string& segment);

}  // namespace mpibatch::store
