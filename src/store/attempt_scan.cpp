#include "store/attempt_scan.hpp"

#include <set>
#include <vector>

#include <mpibatch/base/layout.hpp>

namespace mpibatch::store {

Result<void> AttemptScan::read(const FileSystem& files, const Fold& state,
                               const Translation& translation, const AttemptEvents& events) {
  const Look look{state, translation, events};
  const bool first = position_ == 0;
  if (first && filter_.job) {
    index_ = read_segment_index(files, path_);
    header_ = index_.header;
  }
  if ((!first || !index_.blocks.empty()) && header_.run != state.run) return {};
  SegmentRecords records(files, path_, first ? index_ : SegmentIndex{}, wanted_blocks(look),
                         position_, UINT64_MAX);
  for (;;) {
    const auto record = records.next();
    if (!record) return tl::unexpected(record.error());
    if (!*record) break;
    if (!take(**record, look)) return records.foreign(**record);
    position_ = (*record)->end;
    if (header_.run != state.run) return {};
  }
  position_ = records.offset();
  return {};
}

// Blocks speak of children as granted.
SegmentRecords::Wanted AttemptScan::wanted_blocks(const Look& look) const {
  if (!filter_.job) return [](const SegmentBlock&) { return true; };
  const model::JobId job = *filter_.job;
  if (!filter_.child)
    return [job](const SegmentBlock& block) {
      return block.may_speak_of({job, 0}, {job, model::kChildrenMax});
    };
  std::set<model::ChildIndex> children;
  for (const SegmentBlock& block : index_.blocks)
    for (const auto& [grant, revision] : block.revisions)
      if (const auto child = look.translation.then(job, revision, *filter_.child))
        children.insert(*child);
  return [job, children](const SegmentBlock& block) {
    for (const model::ChildIndex child : children)
      if (block.may_speak_of({job, child}, {job, child})) return true;
    return false;
  };
}

bool AttemptScan::take(const RecordView& record, const Look& look) {
  switch (record.kind) {
    case RecordKind::SegmentHeader:
      return from_layout(record.payload, header_);
    case RecordKind::GrantReceived: {
      GrantReceived grant;
      if (!from_layout(record.payload, grant)) return false;
      revisions_[grant.grant] = grant.revision;
      return true;
    }
    case RecordKind::AttemptStarted:
      return start(record, look);
    case RecordKind::AttemptEnded:
      return end(record, look);
    case RecordKind::OutputChunk:
      return output<OutputChunk>(record, look.events.printed);
    case RecordKind::OutputCut:
      return output<OutputCut>(record, look.events.cut);
    default:
      return false;
  }
}

bool AttemptScan::start(const RecordView& record, const Look& look) {
  AttemptStarted started;
  if (!from_layout(record.payload, started)) return false;
  auto attempt = wanted(started.execution, record, look);
  if (!attempt) return true;
  attempt->attempt = started.attempt;
  attempt->started_at = started.at;
  attempt->cpus = std::move(started.cpus);
  if (look.events.started) look.events.started(*attempt);
  open_[started.execution] = std::move(*attempt);
  return true;
}

bool AttemptScan::end(const RecordView& record, const Look& look) {
  AttemptEnded ended;
  if (!from_layout(record.payload, ended)) return false;
  std::optional<Attempt> attempt;
  if (auto found = open_.extract(ended.execution)) {
    attempt = std::move(found.mapped());
  } else if (attempt = wanted(ended.execution, record, look); !attempt) {
    return true;
  }
  attempt->state = AttemptState::Ended;
  attempt->attempt = ended.attempt;
  attempt->started_at = ended.end.started_at;
  attempt->end = std::move(ended.end);
  attempt->stop = record.end;
  if (look.events.ended) look.events.ended(*attempt);
  return true;
}

template <class Record, class Event>
bool AttemptScan::output(const RecordView& record, const Event& event) {
  if (!event) return true;
  model::ExecutionId execution;
  LayoutReader(record.payload) & execution;
  const auto attempt = open_.find(execution);
  if (attempt == open_.end()) return true;  // not wanted: it is not even copied
  Record printed;
  if (!from_layout(record.payload, printed)) return false;
  if constexpr (std::is_same_v<Record, OutputChunk>)
    event(attempt->second, printed.stream, printed.bytes);
  else
    event(attempt->second, printed);
  return true;
}

std::optional<Attempt> AttemptScan::wanted(const model::ExecutionId& execution,
                                           const RecordView& record, const Look& look) const {
  if (filter_.job && execution.job != *filter_.job) return std::nullopt;
  if (!look.state.scheduler.in_plan(execution.job)) return std::nullopt;
  // The grant's own record may lie in a block that was not read.
  const auto received = revisions_.find(execution.grant);
  const auto revision = received != revisions_.end() ? std::optional(received->second)
                                                     : index_.revision_of(execution.grant);
  if (!revision) return std::nullopt;
  const auto child = look.translation.today(execution.job, *revision, execution.child);
  if (!child || (filter_.child && *child != *filter_.child)) return std::nullopt;
  Attempt attempt;
  attempt.execution = execution;
  attempt.child = *child;
  attempt.node = header_.node;
  attempt.segment = path_;
  attempt.begin = record.offset;
  return attempt;
}

void AttemptScan::for_each_open(const Fold& state,
                                const std::function<void(const Attempt&)>& take) const {
  for (const auto& [execution, attempt] : open_) {
    Attempt now = attempt;
    const bool out = state.scheduler.outstanding(execution.grant, execution.child).has_value();
    now.state = out ? AttemptState::Running : AttemptState::NotReported;
    take(now);
  }
}

}  // namespace mpibatch::store
