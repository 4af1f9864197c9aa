// A segment's records that may speak of what is wanted: blocks that the segment's index rules out
// are not read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/record.hpp"
#include "store/segment_index.hpp"

namespace mpibatch::store {

class SegmentRecords {
 public:
  using Wanted = std::function<bool(const SegmentBlock&)>;
  // From `begin` to `stop`, each 0 or where a record ends; `stop` may be the file's end, wherever
  // that is (UINT64_MAX).
  SegmentRecords(const FileSystem& files, const std::string& path, const SegmentIndex& index,
                 const Wanted& wanted, std::uint64_t begin, std::uint64_t stop);
  // None at the end, or where a tail begins.
  Result<std::optional<RecordView>> next();
  // Where to go on for what is appended later.
  std::uint64_t offset() const { return reader_.offset(); }
  tl::unexpected<Error> foreign(const RecordView& record) const;

 private:
  using Range = std::pair<std::uint64_t, std::uint64_t>;
  std::vector<Range> ranges_;  // what is read, in order
  std::size_t current_ = 0;
  bool entered_ = false;
  RecordReader reader_;
};

}  // namespace mpibatch::store
