#include <mpibatch/store/attempts.hpp>

#include <algorithm>
#include <deque>
#include <tuple>

#include <mpibatch/base/layout.hpp>

#include "store/segment_records.hpp"

namespace mpibatch::store {

namespace {

// Of so little the index would save nothing.
constexpr std::uint64_t kUnindexedBytesMax = 4 * kBlockBytes;

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
                         const std::function<void(Stream, std::string_view)>& take,
                         const std::function<void(const OutputCut&)>& cut) {
  const std::string wanted = to_layout(attempt.execution);
  const std::uint64_t begin = std::max(position.bytes, attempt.begin);
  if (begin >= attempt.stop) return {};
  SegmentIndex index;
  if (attempt.stop - begin > kUnindexedBytesMax) index = read_segment_index(files, attempt.segment);
  const ChildKey key{attempt.execution.job, attempt.execution.child};
  SegmentRecords records(
      files, attempt.segment, index,
      [key](const SegmentBlock& block) { return block.may_speak_of(key, key); }, begin,
      attempt.stop);
  OutputChunk chunk;
  OutputCut gap;
  for (;;) {
    const auto record = records.next();
    if (!record) return tl::unexpected(record.error());
    if (!*record) break;
    position.bytes = (*record)->end;
    // Others' chunks are not even copied.
    if (!(*record)->payload.starts_with(wanted)) continue;
    if ((*record)->kind == RecordKind::OutputChunk) {
      if (!from_layout((*record)->payload, chunk)) return records.foreign(**record);
      if (!stream || chunk.stream == *stream) take(chunk.stream, chunk.bytes);
    } else if ((*record)->kind == RecordKind::OutputCut) {
      if (!from_layout((*record)->payload, gap)) return records.foreign(**record);
      if (cut && (!stream || gap.stream == *stream)) cut(gap);
    }
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
