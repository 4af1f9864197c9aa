// Attempts and their output, as the nodes' segments tell them, found under today's children
// although segments speak of children as they were granted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/attempt.hpp>
#include <mpibatch/model/node.hpp>
#include <mpibatch/store/fold.hpp>
#include <mpibatch/store/segment.hpp>

namespace mpibatch::store {

enum class AttemptState : std::uint8_t {
  Running,      // started, and its grant is still out
  Ended,        // `end` says how
  NotReported,  // it is over, but its node's word was lost with the node
};

struct Attempt {
  model::ExecutionId execution;  // `child` as granted
  model::ChildIndex child = 0;   // today's
  unsigned attempt = 1;          // AWS_BATCH_JOB_ATTEMPT
  model::NodeName node;
  AttemptState state = AttemptState::Running;
  Instant started_at{};
  std::vector<std::uint32_t> cpus;  // empty: not bound
  std::optional<model::AttemptEnd> end;
  // Where its records are.
  std::string segment;
  std::uint64_t begin = 0;
  std::uint64_t stop = UINT64_MAX;  // behind its end record
};

struct AttemptFilter {
  std::optional<model::JobId> job;
  std::optional<model::ChildIndex> child;  // today's
};

// Hands out the attempts of jobs that are in the plan, a segment after the other, each segment's in
// the order of their ends, then those without one. A segment that cannot be read is left out and
// its error added to `problems`. Memory: one segment's grants and running attempts.
Result<void> for_each_attempt(const FileSystem& files, const StateFolder& folder, const Fold& state,
                              const AttemptFilter& filter,
                              const std::function<void(const Attempt&)>& take,
                              std::vector<std::string>& problems);

struct AttemptList {
  std::vector<Attempt> attempts;  // by job, child and start
  std::vector<std::string> problems;
};
Result<AttemptList> list_attempts(const FileSystem& files, const StateFolder& folder,
                                  const Fold& state, const AttemptFilter& filter);

// Hands out what an attempt printed after `position`, in the order it came, and moves it; call
// again for what a running one prints meanwhile. No `stream`: both. `cut`: where output was not
// kept.
Result<void> read_output(const FileSystem& files, const Attempt& attempt,
                         std::optional<Stream> stream, SegmentPosition& position,
                         const std::function<void(Stream, std::string_view)>& take,
                         const std::function<void(const OutputCut&)>& cut = {});

// The last `lines` lines, and never more than kTailBytesMax of their bytes.
inline constexpr std::size_t kTailBytesMax = std::size_t{1} << 20;
Result<std::string> tail_output(const FileSystem& files, const Attempt& attempt,
                                std::optional<Stream> stream, std::size_t lines);

}  // namespace mpibatch::store
