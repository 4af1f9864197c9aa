#include <mpibatch/store/attempt_watch.hpp>

#include <map>
#include <optional>

#include "store/attempt_scan.hpp"

namespace mpibatch::store {

namespace {

// A segment is never replaced, so what cannot be read may be a file server's moment of weakness.
constexpr int kTriesMax = 5;

struct Watched {
  AttemptScan scan;
  int failures = 0;  // one after the other
  std::string error{};
};

}  // namespace

struct AttemptWatch::State {
  const FileSystem& files;
  const StateFolder folder;
  const AttemptFilter filter;
  std::optional<Translation> translation;
  std::map<std::string, Watched> segments;  // by path
};

AttemptWatch::AttemptWatch(const FileSystem& files, StateFolder folder, AttemptFilter filter)
    : state_(new State{files, std::move(folder), filter, {}, {}}) {}
AttemptWatch::~AttemptWatch() = default;

Result<void> AttemptWatch::look(const Fold& state, const AttemptEvents& events,
                                std::vector<std::string>& problems) {
  const auto paths = list_segments(state_->files, state_->folder);
  if (!paths) return tl::unexpected(paths.error());
  for (const std::string& path : *paths)
    state_->segments.try_emplace(path, Watched{AttemptScan(path, state_->filter)});
  if (!state_->translation) state_->translation.emplace(state.adoptions);
  for (auto& [path, segment] : state_->segments) {
    if (segment.failures >= kTriesMax) continue;
    const auto done = segment.scan.read(state_->files, state, *state_->translation, events);
    const bool damaged = !done && done.error().kind == ErrorKind::Damaged;
    segment.failures = done ? 0 : damaged ? kTriesMax : segment.failures + 1;
    segment.error = done ? std::string() : done.error().message;
    if (segment.failures >= kTriesMax) problems.push_back(segment.error);
  }
  return {};
}

std::vector<std::string> AttemptWatch::unread() const {
  std::vector<std::string> errors;
  for (const auto& [path, segment] : state_->segments)
    if (segment.failures > 0 && segment.failures < kTriesMax) errors.push_back(segment.error);
  return errors;
}

void AttemptWatch::for_each_open(const Fold& state,
                                 const std::function<void(const Attempt&)>& take) const {
  for (const auto& [path, segment] : state_->segments)
    segment.scan.for_each_open(state, [&](const Attempt& attempt) {
      Attempt upto = attempt;
      upto.stop = segment.scan.position();
      take(upto);
    });
}

Result<void> for_each_attempt(const FileSystem& files, const StateFolder& folder, const Fold& state,
                              const AttemptFilter& filter,
                              const std::function<void(const Attempt&)>& take,
                              std::vector<std::string>& problems) {
  const auto segments = list_segments(files, folder);
  if (!segments) return tl::unexpected(segments.error());
  const Translation translation(state.adoptions);
  AttemptEvents events;
  events.ended = take;
  for (const std::string& path : *segments) {
    AttemptScan scan(path, filter);
    if (auto done = scan.read(files, state, translation, events); !done)
      problems.push_back(done.error().message);
    else
      scan.for_each_open(state, take);
  }
  return {};
}

}  // namespace mpibatch::store
