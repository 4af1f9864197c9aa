#include "store/segment_records.hpp"

#include <algorithm>

namespace mpibatch::store {

SegmentRecords::SegmentRecords(const FileSystem& files, const std::string& path,
                               const SegmentIndex& index, const Wanted& wanted, std::uint64_t begin,
                               std::uint64_t stop)
    : reader_(files, path, FileKind::Segment, begin) {
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    from = std::max(from, begin);
    to = std::min(to, stop);
    if (from >= to) return;
    if (!ranges_.empty() && ranges_.back().second == from) {
      ranges_.back().second = to;
    } else {
      ranges_.emplace_back(from, to);
    }
  };
  for (const SegmentBlock& block : index.blocks)
    if (wanted(block)) add(block.begin, block.end);
  add(index.end(), UINT64_MAX);
}

Result<std::optional<RecordView>> SegmentRecords::next() {
  while (current_ < ranges_.size()) {
    const auto [begin, end] = ranges_[current_];
    if (!std::exchange(entered_, true)) {
      reader_.skip_to(begin);
      reader_.read_ahead_to(end);
    }
    if (reader_.offset() < end) return reader_.next();
    ++current_;
    entered_ = false;
  }
  return std::nullopt;
}

tl::unexpected<Error> SegmentRecords::foreign(const RecordView& record) const {
  return reader_.damaged(record.offset, "it holds a record that does not belong there");
}

}  // namespace mpibatch::store
