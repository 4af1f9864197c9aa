// One segment's attempts, record after record; goes on where it stopped when the segment has grown.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <mpibatch/store/attempt_watch.hpp>

#include "store/segment_records.hpp"
#include "store/translation.hpp"

namespace mpibatch::store {

class AttemptScan {
 public:
  AttemptScan(std::string path, AttemptFilter filter) : path_(std::move(path)), filter_(filter) {}

  Result<void> read(const FileSystem& files, const Fold& state, const Translation& translation,
                    const AttemptEvents& events);
  void for_each_open(const Fold& state, const std::function<void(const Attempt&)>& take) const;
  std::uint64_t position() const { return position_; }
  const std::string& path() const { return path_; }

 private:
  struct Look {
    const Fold& state;
    const Translation& translation;
    const AttemptEvents& events;
  };
  SegmentRecords::Wanted wanted_blocks(const Look& look) const;
  bool take(const RecordView& record, const Look& look);
  bool start(const RecordView& record, const Look& look);
  bool end(const RecordView& record, const Look& look);
  template <class Record, class Event>
  bool output(const RecordView& record, const Event& event);
  std::optional<Attempt> wanted(const model::ExecutionId& execution, const RecordView& record,
                                const Look& look) const;

  const std::string path_;
  const AttemptFilter filter_;
  std::uint64_t position_ = 0;
  SegmentIndex index_;
  SegmentHeader header_;
  std::map<model::GrantId, model::Revision> revisions_;
  std::map<model::ExecutionId, Attempt> open_;
};

}  // namespace mpibatch::store
