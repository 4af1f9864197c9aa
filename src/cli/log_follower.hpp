// Goes on showing what attempts print, until all that was chosen is over or nobody drives the run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/store/attempt_watch.hpp>

#include "cli/log_choice.hpp"
#include "cli/log_output.hpp"
#include "cli/reading.hpp"

namespace mpibatch::cli {

// What one look at the segments brings, put together by attempt, so that those that print at the
// same time do not alternate more than they must. Bounded.
class LogBatch {
 public:
  explicit LogBatch(LogOutput& output) : output_(output) {}
  void take(const store::Attempt& attempt, store::Stream stream, std::string_view bytes);
  void cut(const store::Attempt& attempt, const store::OutputCut& cut);
  void end(const store::Attempt& attempt);
  void hand_on();

 private:
  struct Turn {
    store::Attempt attempt;
    std::vector<std::pair<store::Stream, std::string>> pieces;
  };
  Turn& turn(const store::Attempt& attempt);

  LogOutput& output_;
  std::vector<Turn> turns_;  // as they began
  std::map<model::ExecutionId, std::size_t> places_;
  std::size_t bytes_ = 0;
};

// Whether a run is being driven, asked again and again: a rank 0 that dies may have a successor in
// a moment.
class DriverWatch {
 public:
  DriverWatch(const FileSystem& files, store::StateFolder folder)
      : files_(files), folder_(std::move(folder)) {}
  // `now`: of a clock that never goes back.
  bool driven(Duration now);
  const std::optional<store::OwnerRecord>& owner() const { return owner_; }

 private:
  const FileSystem& files_;
  const store::StateFolder folder_;
  std::optional<store::OwnerRecord> owner_;
  std::optional<std::uint64_t> counter_;
  std::optional<Duration> looked_at_;
  std::optional<Duration> seen_at_;  // alive, or perhaps alive
  bool driven_ = true;
};

enum class FollowEnd {
  Over,      // all that was chosen is SUCCEEDED or FAILED
  Undriven,  // nobody drives the run
  NewPlan,   // the run follows another plan now, where the names may mean others
  NoReader,  // nobody reads what is printed
};

class LogFollower {
 public:
  using Show = std::function<Result<void>(const store::Attempt&)>;  // a whole attempt
  using Begun = std::function<void(const store::Attempt&)>;         // it has just started
  // `watch` has looked once. `run` is brought up to date.
  LogFollower(const FileSystem& files, RunReading& run, store::AttemptWatch& watch,
              const LogChoice& choice, std::optional<store::Stream> stream, LogOutput& output,
              Show show, const Begun& begun);
  // With `failed`: of a child that is not over, an attempt that ended badly at that first look.
  void take_up(const store::Attempt& attempt) { events_.ended(attempt); }
  Result<FollowEnd> run();

 private:
  void note_end(const store::Attempt& attempt);
  Result<std::optional<FollowEnd>> look();
  Result<void> show_failed();
  bool reader_gone(Duration wait) const;

  const FileSystem& files_;
  RunReading& run_;
  store::AttemptWatch& watch_;
  const LogChoice choice_;
  LogOutput& output_;
  const Show show_;
  LogBatch batch_;
  DriverWatch driver_;
  store::AttemptEvents events_;
  std::map<std::pair<model::JobId, model::ChildIndex>, store::Attempt> ended_badly_;
  int failures_ = 0;
};

}  // namespace mpibatch::cli
