#include "cli/log_follower.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <mpibatch/base/clock.hpp>

#include "cli/output.hpp"

namespace mpibatch::cli {

namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds{300};
constexpr int kRestForWork = 4;  // many nodes: no more than a fifth of the time is spent looking
constexpr Duration kDriverEvery = std::chrono::seconds{1};
constexpr Duration kDriverPatience = std::chrono::seconds{5};  // its counter rises every second
constexpr std::size_t kBatchBytesMax = std::size_t{1} << 20;
constexpr int kTriesMax = 5;  // of reading a state folder that a file server has trouble with

}  // namespace

// ---- LogBatch

LogBatch::Turn& LogBatch::turn(const store::Attempt& attempt) {
  const auto [place, added] = places_.try_emplace(attempt.execution, turns_.size());
  if (added) turns_.push_back({attempt, {}});
  return turns_[place->second];
}

void LogBatch::take(const store::Attempt& attempt, store::Stream stream, std::string_view bytes) {
  auto& pieces = turn(attempt).pieces;
  if (pieces.empty() || pieces.back().first != stream) pieces.emplace_back(stream, "");
  pieces.back().second += bytes;
  bytes_ += bytes.size();
  if (bytes_ > kBatchBytesMax) hand_on();
}

void LogBatch::cut(const store::Attempt& attempt, const store::OutputCut& cut) {
  hand_on();
  output_.cut(attempt, cut);
}

void LogBatch::end(const store::Attempt& attempt) {
  hand_on();
  output_.end(attempt);
}

void LogBatch::hand_on() {
  for (const Turn& turn : turns_)
    for (const auto& [stream, bytes] : turn.pieces) output_.take(turn.attempt, stream, bytes);
  turns_.clear();
  places_.clear();
  bytes_ = 0;
}

// ---- DriverWatch

bool DriverWatch::driven(Duration now) {
  if (looked_at_ && now - *looked_at_ < kDriverEvery) return driven_;
  const bool first = !looked_at_;
  looked_at_ = now;
  if (auto owner = store::read_owner(files_, folder_); owner && *owner) owner_ = std::move(*owner);
  auto state = store::OwnerState::Unknown;  // also where the folder cannot be read at the moment
  if (owner_) state = store::judge(*owner_, store::this_process(), store::start_ticks_of);
  if (first && state == store::OwnerState::Gone) return driven_ = false;
  bool alive = first || state == store::OwnerState::Alive;
  if (owner_ && state == store::OwnerState::Unknown) {
    const auto counter = store::read_counter(files_, folder_, owner_->epoch);
    if (counter && counter_ != *counter) {
      alive = true;
      counter_ = *counter;
    }
  }
  if (alive) seen_at_ = now;
  return driven_ = seen_at_ && now - *seen_at_ < kDriverPatience;
}

// ---- LogFollower

LogFollower::LogFollower(const FileSystem& files, RunReading& run, store::AttemptWatch& watch,
                         const LogChoice& choice, std::optional<store::Stream> stream,
                         LogOutput& output, Show show, const Begun& begun)
    : files_(files),
      run_(run),
      watch_(watch),
      choice_(choice),
      output_(output),
      show_(std::move(show)),
      batch_(output),
      driver_(files, run.folder) {
  if (choice_.failed) {
    events_.ended = [this](const store::Attempt& attempt) { note_end(attempt); };
    return;
  }
  events_.started = [this, begun](const store::Attempt& attempt) {
    if (choice_.wants(attempt)) begun(attempt);
  };
  events_.printed = [this, stream](const store::Attempt& attempt, store::Stream of,
                                   std::string_view bytes) {
    if (choice_.wants(attempt) && (!stream || of == *stream)) batch_.take(attempt, of, bytes);
  };
  events_.cut = [this, stream](const store::Attempt& attempt, const store::OutputCut& cut) {
    if (choice_.wants(attempt) && (!stream || cut.stream == *stream)) batch_.cut(attempt, cut);
  };
  events_.ended = [this](const store::Attempt& attempt) { batch_.end(attempt); };
}

// The last one counts; nodes are looked at one after the other.
void LogFollower::note_end(const store::Attempt& attempt) {
  if (!choice_.wants(attempt)) return;
  const std::pair child(attempt.execution.job, attempt.child);
  const auto found = ended_badly_.find(child);
  if (found != ended_badly_.end() && attempt.started_at < found->second.started_at) return;
  if (!attempt.end->succeeded())
    ended_badly_.insert_or_assign(child, attempt);
  else if (found != ended_badly_.end())
    ended_badly_.erase(found);
}

Result<FollowEnd> LogFollower::run() {
  const SystemClock clock;
  for (;;) {
    const Duration begun = clock.boot();
    const auto end = look();
    if (!end) return tl::unexpected(end.error());
    if (*end) return **end;
    const Duration now = clock.boot();
    if (!driver_.driven(now)) return FollowEnd::Undriven;
    if (reader_gone(std::max(kLookEvery, kRestForWork * (now - begun)))) return FollowEnd::NoReader;
  }
}

// The journal first: an end that printed something is journaled after its node's sync, so whatever
// is over by the journal's word has all its output in the segments that are read then.
Result<std::optional<FollowEnd>> LogFollower::look() {
  const std::string id = run_.view.state.run;
  const model::Revision revision = run_.core().revision();
  auto read = store::fold_on(files_, run_.folder, run_.view.state);
  if (read && (run_.view.state.run != id || run_.core().revision() != revision))
    return FollowEnd::NewPlan;
  const bool over = all_over(choice_, run_.core());
  std::vector<std::string> problems;
  if (read) read = watch_.look(run_.view.state, events_, problems);
  failures_ = read ? 0 : failures_ + 1;
  if (failures_ >= kTriesMax) return tl::unexpected(read.error());
  for (const std::string& problem : problems) warn(problem);
  batch_.hand_on();
  if (auto shown = show_failed(); !shown) return tl::unexpected(shown.error());
  if (over && read)
    watch_.for_each_open(run_.view.state, [this](const store::Attempt& attempt) {
      if (!choice_.failed) output_.end(attempt);
    });
  if (auto written = output_.flush(); !written) return tl::unexpected(written.error());
  if (over && read) return FollowEnd::Over;
  return std::nullopt;
}

// A child whose attempt ended badly may have another one yet.
Result<void> LogFollower::show_failed() {
  for (auto ended = ended_badly_.begin(); ended != ended_badly_.end();) {
    const model::ChildState state = run_.core().state(ended->first.first, ended->first.second);
    if (!model::terminal(state)) {
      ++ended;
      continue;
    }
    if (model::failed(state))
      if (auto shown = show_(ended->second); !shown) return shown;
    ended = ended_badly_.erase(ended);
  }
  return {};
}

// A pipe's writer is told that its reader has gone when it writes; here that may be hours later.
bool LogFollower::reader_gone(Duration wait) const {
  pollfd out{STDOUT_FILENO, 0, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  return ::poll(&out, 1, static_cast<int>(ms)) > 0 && (out.revents & (POLLERR | POLLNVAL)) != 0;
}

}  // namespace mpibatch::cli
