// What is kept of an attempt's output: the first bytes of both streams up to a limit, and, so that
// the last words of one that printed far too much are there, each stream's end.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <mpibatch/store/segment.hpp>

namespace mpibatch::node {

inline constexpr std::size_t kLogTailBytes = std::size_t{16} << 10;  // of a stream that is cut

class KeptOutput {
 public:
  bool any() const { return streams_[0].printed + streams_[1].printed > 0; }
  // What is to be recorded now.
  std::vector<store::SegmentRecord> add(const model::ExecutionId& execution, store::Stream stream,
                                        std::string bytes, std::uint64_t limit);
  // The attempt has ended: how much is missing, and what came last.
  std::vector<store::SegmentRecord> finish(const model::ExecutionId& execution,
                                           std::uint64_t limit);

 private:
  struct Kept {
    std::uint64_t printed = 0;
    std::uint64_t head = 0;  // of it, recorded as it came
    std::string tail;        // the last of what was not
    std::uint64_t told = 0;  // bytes that a record has said to be missing
    std::uint64_t missing() const { return printed - head - tail.size(); }
  };

  std::array<Kept, 2> streams_;  // by store::Stream
};

}  // namespace mpibatch::node
