#include "node/kept_output.hpp"

#include <algorithm>
#include <utility>

namespace mpibatch::node {

std::vector<store::SegmentRecord> KeptOutput::add(const model::ExecutionId& execution,
                                                  store::Stream stream, std::string bytes,
                                                  std::uint64_t limit) {
  std::vector<store::SegmentRecord> records;
  if (bytes.empty()) return records;
  Kept& kept = streams_[stream == store::Stream::Stderr];
  const bool was_cut = kept.head < kept.printed;
  const std::uint64_t used = streams_[0].head + streams_[1].head;
  const std::uint64_t room = was_cut ? 0 : limit - std::min(limit, used);
  const std::uint64_t at = std::exchange(kept.printed, kept.printed + bytes.size());
  if (room >= bytes.size()) {
    kept.head += bytes.size();
    records.push_back(store::OutputChunk{execution, stream, at, std::move(bytes)});
    return records;
  }
  if (room > 0) {
    kept.head += room;
    records.push_back(store::OutputChunk{execution, stream, at, bytes.substr(0, room)});
  }
  kept.tail.append(bytes, room);
  if (kept.tail.size() <= 2 * kLogTailBytes) return records;
  kept.tail.erase(0, kept.tail.size() - kLogTailBytes);
  if (kept.told > 0) return records;
  // For those who read along; how much it was in the end, finish() says.
  kept.told = kept.missing();
  records.push_back(store::OutputCut{execution, stream, kept.head, kept.told, limit});
  return records;
}

std::vector<store::SegmentRecord> KeptOutput::finish(const model::ExecutionId& execution,
                                                     std::uint64_t limit) {
  std::vector<store::SegmentRecord> records;
  for (const store::Stream stream : {store::Stream::Stdout, store::Stream::Stderr}) {
    Kept& kept = streams_[stream == store::Stream::Stderr];
    if (kept.head == kept.printed) continue;
    if (kept.tail.size() > kLogTailBytes) kept.tail.erase(0, kept.tail.size() - kLogTailBytes);
    const std::uint64_t missing = kept.missing();
    if (missing > kept.told)
      records.push_back(
          store::OutputCut{execution, stream, kept.head + kept.told, missing - kept.told, limit});
    records.push_back(
        store::OutputChunk{execution, stream, kept.head + missing, std::move(kept.tail)});
  }
  return records;
}

}  // namespace mpibatch::node
