#include <mpibatch/store/attempts.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>

#include <mpibatch/base/layout.hpp>

#include "store/record.hpp"
#include "store/translation.hpp"

namespace mpibatch::store {

namespace {

// One segment's attempts, record after record.
class SegmentScan {
 public:
  SegmentScan(const Fold& state, const Translation& translation, const AttemptFilter& filter,
              const std::function<void(const Attempt&)>& take, std::string path)
      : state_(state),
        translation_(translation),
        filter_(filter),
        take_(take),
        path_(std::move(path)) {}

  Result<void> run(const FileSystem& files) {
    RecordReader reader(files, path_, FileKind::Segment);
    for (;;) {
      const auto record = reader.next();
      if (!record) return tl::unexpected(record.error());
      if (!*record) break;
      if (!take_record(**record))
        return reader.damaged((*record)->offset, "it holds a record that does not belong there");
      if (header_.run != state_.run) return {};
    }
    for (auto& [execution, attempt] : open_) {
      const bool out = state_.scheduler.outstanding(execution.grant, execution.child).has_value();
      attempt.state = out ? AttemptState::Running : AttemptState::NotReported;
      take_(attempt);
    }
    return {};
  }

 private:
  bool take_record(const RecordView& record) {
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
        return start(record);
      case RecordKind::AttemptEnded:
        return end(record);
      case RecordKind::OutputChunk:
      case RecordKind::OutputCut:
        return true;
      default:
        return false;
    }
  }

  bool start(const RecordView& record) {
    AttemptStarted started;
    if (!from_layout(record.payload, started)) return false;
    if (auto attempt = wanted(started.execution, record)) {
      attempt->attempt = started.attempt;
      attempt->started_at = started.at;
      attempt->cpus = std::move(started.cpus);
      open_[started.execution] = std::move(*attempt);
    }
    return true;
  }

  bool end(const RecordView& record) {
    AttemptEnded ended;
    if (!from_layout(record.payload, ended)) return false;
    std::optional<Attempt> attempt;
    if (const auto found = open_.extract(ended.execution)) {
      attempt = std::move(found.mapped());
    } else if (attempt = wanted(ended.execution, record); !attempt) {
      return true;
    }
    attempt->state = AttemptState::Ended;
    attempt->attempt = ended.attempt;
    attempt->started_at = ended.end.started_at;
    attempt->end = std::move(ended.end);
    attempt->stop = record.end;
    take_(*attempt);
    return true;
  }

  std::optional<Attempt> wanted(const model::ExecutionId& execution, const RecordView& record) {
    if (filter_.job && execution.job != *filter_.job) return std::nullopt;
    const auto revision = revisions_.find(execution.grant);
    if (revision == revisions_.end() || !state_.scheduler.in_plan(execution.job))
      return std::nullopt;
    const auto child = translation_.today(execution.job, revision->second, execution.child);
    if (!child || (filter_.child && *child != *filter_.child)) return std::nullopt;
    Attempt attempt;
    attempt.execution = execution;
    attempt.child = *child;
    attempt.node = header_.node;
    attempt.segment = path_;
    attempt.begin = record.offset;
    return attempt;
  }

  const Fold& state_;
  const Translation& translation_;
  const AttemptFilter& filter_;
  const std::function<void(const Attempt&)>& take_;
  const std::string path_;
  SegmentHeader header_;
  std::map<model::GrantId, model::Revision> revisions_;
  std::map<model::ExecutionId, Attempt> open_;
};

// Keeps the last lines of what passes.
class Tail {
 public:
  explicit Tail(std::size_t lines) : lines_(lines) {}

  void take(std::string_view bytes) {
    if (bytes.empty()) return;
    pieces_.emplace_back(bytes);
    size_ += bytes.size();
    breaks_ += breaks_in(bytes);
    // A line's own break ends it: one more than `lines_` are needed before the first of them.
    while (pieces_.size() > 1 && (size_ - pieces_.front().size() >= kTailBytesMax ||
                                  breaks_ - breaks_in(pieces_.front()) > lines_)) {
      size_ -= pieces_.front().size();
      breaks_ -= breaks_in(pieces_.front());
      pieces_.pop_front();
    }
  }

  std::string text() const {
    std::string all;
    for (const std::string& piece : pieces_) all += piece;
    if (all.size() > kTailBytesMax) all.erase(0, all.size() - kTailBytesMax);
    std::size_t from = all.size();
    std::size_t lines = 0;
    // The break at the very end belongs to the last line.
    while (from > 0) {
      if (all[from - 1] == '\n' && from < all.size() && ++lines == lines_) break;
      --from;
    }
    return lines_ == 0 ? std::string() : all.substr(from);
  }

 private:
  static std::size_t breaks_in(std::string_view bytes) {
    return static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  }

  const std::size_t lines_;
  std::deque<std::string> pieces_;
  std::size_t size_ = 0;
  std::size_t breaks_ = 0;
};

}  // namespace

Result<void> for_each_attempt(const FileSystem& files, const StateFolder& folder, const Fold& state,
                              const AttemptFilter& filter,
                              const std::function<void(const Attempt&)>& take,
                              std::vector<std::string>& problems) {
  const auto segments = list_segments(files, folder);
  if (!segments) return tl::unexpected(segments.error());
  const Translation translation(state.adoptions);
  for (const std::string& path : *segments)
    if (auto done = SegmentScan(state, translation, filter, take, path).run(files); !done)
      problems.push_back(done.error().message);
  return {};
}

Result<AttemptList> list_attempts(const FileSystem& files, const StateFolder& folder,
                                  const Fold& state, const AttemptFilter& filter) {
  AttemptList list;
  const auto take = [&](const Attempt& attempt) { list.attempts.push_back(attempt); };
  if (auto done = for_each_attempt(files, folder, state, filter, take, list.problems); !done)
    return tl::unexpected(done.error());
  const auto order = [](const Attempt& attempt) {
    return std::tuple(attempt.execution.job, attempt.child, attempt.started_at,
                      attempt.execution.grant);
  };
  std::sort(list.attempts.begin(), list.attempts.end(),
            [&](const Attempt& a, const Attempt& b) { return order(a) < order(b); });
  return list;
}

Result<void> read_output(const FileSystem& files, const Attempt& attempt,
                         std::optional<Stream> stream, SegmentPosition& position,
                         const std::function<void(Stream, std::string_view)>& take) {
  const std::string wanted = to_layout(attempt.execution);
  RecordReader reader(files, attempt.segment, FileKind::Segment,
                      std::max(position.bytes, attempt.begin));
  OutputChunk chunk;
  while (reader.offset() < attempt.stop) {
    const auto record = reader.next();
    if (!record) return tl::unexpected(record.error());
    if (!*record) break;
    position.bytes = (*record)->end;
    // Others' chunks are not even copied.
    if ((*record)->kind != RecordKind::OutputChunk || !(*record)->payload.starts_with(wanted))
      continue;
    if (!from_layout((*record)->payload, chunk))
      return reader.damaged((*record)->offset, "it holds a record that does not belong there");
    if (stream && chunk.stream != *stream) continue;
    take(chunk.stream, chunk.bytes);
  }
  return {};
}

Result<std::string> tail_output(const FileSystem& files, const Attempt& attempt,
                                std::optional<Stream> stream, std::size_t lines) {
  Tail tail(lines);
  SegmentPosition position;
  const auto take = [&](Stream, std::string_view bytes) { tail.take(bytes); };
  if (auto done = read_output(files, attempt, stream, position, take); !done)
    return tl::unexpected(done.error());
  return tail.text();
}

}  // namespace mpibatch::store
