#include "node/processes.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/clock.hpp>
#include <mpibatch/model/log_files.hpp>

#include "node/log_files.hpp"

namespace mpibatch::node {

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;
// After an end: more than this in a pipe comes from somebody who still writes.
constexpr std::size_t kRestBytesMax = std::size_t{2} << 20;
constexpr int kEventsMax = 64;
constexpr int kRetryMs = 10;  // while something of an ended attempt is left

// Most tasks of a big array do not last so long: their output is read once, at their end.
constexpr int kFreshMs = 2;
constexpr std::size_t kBriefBytesMax = 16 * 1024;  // far less than a pipe holds

// What an epoll event is about.
enum What : std::uint64_t { kStdout = 0, kStderr = 1, kMain = 2, kWake = 3 };
constexpr std::uint64_t key_of(std::uint64_t serial, std::uint64_t what) {
  return serial * 4 + what;
}

void watch_descriptor(int epoll, int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  MPIBATCH_CHECK(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

std::string absolute(const std::string& folder, const std::string& base) {
  if (folder.empty()) return base;
  return folder.front() == '/' ? folder : base + "/" + folder;
}

bool is_fresh(Duration since) {
  return SystemClock().awake() - since < std::chrono::milliseconds{kFreshMs};
}

tl::unexpected<StartFailure> cannot(std::string reason) {
  return tl::unexpected<StartFailure>(StartFailure{125, shortened(std::move(reason))});
}

}  // namespace

Processes::Processes(LaunchSite& site, AttemptListener& listener)
    : site_(site),
      listener_(listener),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      pipes_(site.pipes),
      buffer_(kChunkBytes) {
  MPIBATCH_CHECK(epoll_ && wake_);
  watch_descriptor(epoll_.get(), wake_.get(), key_of(0, kWake));
}

Processes::~Processes() {
  const SystemClock clock;
  const Duration until = clock.awake() + std::chrono::seconds{5};
  kill_all();
  while (!attempts_.empty() && clock.awake() < until) turn(kRetryMs);
}

tl::expected<void, StartFailure> Processes::start(const Spawn& spawn,
                                                  const std::vector<std::uint32_t>& cpus) {
  if (brief_ && !watch_main(attempts_.at(*brief_)))
    return cannot("cannot watch one more process on " + site_.name.host + ": " +
                  std::strerror(errno));
  const auto surroundings = site_.surroundings();
  MPIBATCH_CHECK(surroundings != nullptr);
  if (surroundings != alike_.surroundings) {
    spawner_.set_surroundings(surroundings->given.umask, surroundings->given.limits);
    alike_ = {};
    alike_.surroundings = surroundings;
  }
  const model::JobTemplate& job = *spawn.job;
  Result<TmpFolder> tmp_folder = surroundings->tmp_folders.take();
  if (!tmp_folder) return cannot(tmp_folder.error().message + " on " + site_.name.host);
  Attempt attempt;
  attempt.execution = spawn.execution;
  attempt.serial = ++serial_;
  attempt.token = token_of(site_.run, site_.name.share, spawn.execution);
  attempt.tmp_folder = std::move(*tmp_folder);
  attempt.surroundings = surroundings;
  attempt.keep_tmp = job.keep_tmp;
  attempt.exit.oom_kills = exits_.oom_kills(SystemClock().awake());

  const Parameters parameters = parameters_of(job, spawn.values);
  SpawnRequest request;
  request.folder = absolute(job.working_directory, surroundings->given.working_directory);
  request.cpus = cpus.empty() ? site_.cpus : cpus;
  request.environment = attempt_environment(
      job, spawn.values,
      {spawn.execution, spawn.attempt, attempt.token, attempt.tmp_folder.path, cpus});
  prepare(spawn, !cpus.empty(), request.environment);
  request.more_environment = &alike_.environment;
  request.with_pidfd = !expect_brief_ || !attempts_.empty();
  auto started = start(attempt, spawn, parameters, request);
  // A program may have gone from where it was found.
  if (!started && alike_.programs.forget()) started = start(attempt, spawn, parameters, request);
  if (!started) {
    surroundings->tmp_folders.give_back(std::move(attempt.tmp_folder), {});
    return started;
  }
  attempt.since = started_at_ = SystemClock().awake();
  Attempt& running = attempts_.emplace(attempt.serial, std::move(attempt)).first->second;
  if (request.with_pidfd)
    watch_main(running);
  else
    brief_ = running.serial;
  return {};
}

void Processes::prepare(const Spawn& spawn, bool bound, const std::vector<std::string>& attempt) {
  if (alike_.job == spawn.job && alike_.values == spawn.values.size() && alike_.bound == bound &&
      alike_.compute_environment == spawn.environment)
    return;
  alike_.job = spawn.job;
  alike_.values = spawn.values.size();
  alike_.bound = bound;
  alike_.compute_environment = spawn.environment;
  alike_.environment = job_environment(alike_.surroundings->given.environment, *spawn.job,
                                       {site_.node, spawn.environment}, attempt);
}

tl::expected<void, StartFailure> Processes::start(Attempt& attempt, const Spawn& spawn,
                                                  const Parameters& parameters,
                                                  SpawnRequest& request) {
  const auto value = [&](std::string_view name) {
    const auto own = variable(request.environment, name);
    return own ? *own : variable(alike_.environment, name).value_or(std::string_view());
  };
  const CommandPlace where{request.folder, value("PATH"), value("SHELL"), site_.name.host};
  auto command = find_command(*spawn.job, parameters, where, alike_.programs);
  auto launched = tl::expected<void, StartFailure>();
  if (command) {
    request.command = std::move(*command);
    model::LogFiles files;
    if (spawn.job->log_files != model::LogFiles{})
      files = model::log_files_of(*spawn.job, parameters,
                                  {spawn.execution.child, spawn.attempt, request.folder});
    launched = launch(attempt, request, files);
    if (launched) return launched;
  } else {
    launched = tl::unexpected(command.error());
  }
  // Looked at only now: for the many that start it would cost as much as the start.
  const std::string word = request.command.words.empty() ? "sh" : request.command.words.front();
  if (std::optional<StartFailure> fault = fault_of(word, where))
    return tl::unexpected(std::move(*fault));
  return launched;
}

tl::expected<void, StartFailure> Processes::launch(Attempt& attempt, SpawnRequest& request,
                                                   const model::LogFiles& files) {
  const std::string& host = site_.name.host;
  UniqueFd opened[2];
  auto done = open_outputs(attempt, request, files, opened);
  if (done) {
    attempt.slot = site_.slots.take(attempt.execution, SystemClock().boot());
    if (!attempt.slot)
      done =
          cannot("more than " + std::to_string(SlotTable::kSlots) + " attempts at once on " + host);
  }
  if (done) {
    request.pid_slot = &attempt.slot->pid;
    ++site_.mains;
    auto child = spawner_.spawn(request, host);
    if (child) {
      attempt.main = std::move(*child);
      for (const Output& output : attempt.outputs)
        if (output.pipe) pipes_.close_write_end(*output.pipe);
      return {};
    }
    done = tl::unexpected(std::move(child.error()));
    --site_.mains;
    site_.slots.release(attempt.slot);
  }
  for (Output& output : attempt.outputs)
    if (output.pipe) pipes_.give_back(*std::exchange(output.pipe, std::nullopt), false);
  return done;
}

tl::expected<void, StartFailure> Processes::open_outputs(Attempt& attempt, SpawnRequest& request,
                                                         const model::LogFiles& files,
                                                         UniqueFd (&opened)[2]) {
  const std::string& host = site_.name.host;
  int descriptors[2] = {-1, -1};
  for (const int stream : {0, 1}) {
    const std::string& file = stream == 0 ? files.out : files.error;
    if (!file.empty()) {
      auto output = open_log_file(file, {stream == 0 ? "stdout" : "stderr", request.folder,
                                         alike_.surroundings->given.umask, host});
      if (!output) return tl::unexpected(std::move(output.error()));
      descriptors[stream] = (opened[stream] = std::move(*output)).get();
    } else {
      const auto pipe = pipes_.take();
      if (!pipe)
        return cannot("cannot make a pipe on " + host + ": " + std::strerror(pipe.error()));
      attempt.outputs[stream].pipe = *pipe;
      descriptors[stream] = pipes_.write_end(*pipe);
    }
  }
  request.stdout_fd = descriptors[0];
  request.stderr_fd = descriptors[1];
  return {};
}

// False, and errno: no descriptor is to be had.
bool Processes::watch_main(Attempt& attempt) {
  if (!attempt.main.process) attempt.main.process = open_pidfd(attempt.main.pid);
  if (!attempt.main.process) return false;
  brief_.reset();
  watch_descriptor(epoll_.get(), attempt.main.process.get(), key_of(attempt.serial, kMain));
  fresh_.push_back(attempt.serial);
  return true;
}

void Processes::watch_outputs(Attempt& attempt, bool on) {
  for (const std::uint64_t stream : {kStdout, kStderr}) watch_output(attempt, stream, on);
}

void Processes::watch_output(Attempt& attempt, std::uint64_t stream, bool on) {
  Output& output = attempt.outputs[stream];
  if (!output.pipe || output.watched == on) return;
  output.watched = on;
  const int pipe = pipes_.read_end(*output.pipe);
  if (on)
    watch_descriptor(epoll_.get(), pipe, key_of(attempt.serial, stream));
  else
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, pipe, nullptr);
}

void Processes::watch_what_lasts() {
  while (!fresh_.empty()) {
    const auto attempt = attempts_.find(fresh_.front());
    if (attempt != attempts_.end()) {
      if (is_fresh(attempt->second.since)) return;
      if (reading_) watch_outputs(attempt->second, true);
    }
    fresh_.pop_front();
  }
}

void Processes::follow_reading() {
  const bool on = site_.reading;
  if (on == reading_) return;
  reading_ = on;
  for (auto& [serial, attempt] : attempts_) watch_outputs(attempt, on);
}

void Processes::signal(const model::ExecutionId& execution, EndSignal signal) {
  for (auto& [serial, attempt] : attempts_) {
    // What is left of one that has ended is being killed.
    if (attempt.execution != execution || attempt.reaped) continue;
    attempt.exit.ended_by_us = attempt.exit.ended_by_us || signal == EndSignal::Kill;
    ::kill(-attempt.main.pid, signal == EndSignal::Kill ? SIGKILL : SIGTERM);
    // A stopped process acts on it, too.
    if (signal == EndSignal::Term) ::kill(-attempt.main.pid, SIGCONT);
  }
}

void Processes::kill_all() {
  for (auto& [serial, attempt] : attempts_)
    if (!attempt.reaped) ::kill(-attempt.main.pid, SIGKILL);
}

void Processes::turn(int wait_ms) {
  follow_reading();
  if (brief_ && wait_ms != 0) {
    Attempt& attempt = attempts_.at(*brief_);
    if (tick_->wait_for(attempt.main.pid)) {
      reap(attempt);
      finish_ended();
      return;
    }
    if (is_fresh(attempt.since)) return;
  }
  if (brief_ && !watch_main(attempts_.at(*brief_))) return read_outputs(attempts_.at(*brief_));
  wait_for_events(wait_ms);
  finish_ended();
  watch_what_lasts();
}

void Processes::wait_for_events(int wait_ms) {
  if (tick_ && wait_ms != 0) tick_->stop();
  if (!fresh_.empty() && (wait_ms < 0 || wait_ms > kFreshMs)) wait_ms = kFreshMs;
  if (!ending_.empty() && (wait_ms < 0 || wait_ms > kRetryMs)) wait_ms = kRetryMs;
  epoll_event events[kEventsMax];
  const int count = ::epoll_wait(epoll_.get(), events, kEventsMax, wait_ms);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t what = events[i].data.u64 % 4;
    eventfd_t ignored = 0;
    if (what == kWake) ::eventfd_read(wake_.get(), &ignored);
    const auto found = attempts_.find(events[i].data.u64 / 4);
    if (found == attempts_.end()) continue;
    if (what == kMain) {
      reap(found->second);
    } else if (read_output(found->second, what) == 0) {
      watch_output(found->second, what, false);  // nobody can print there any more
    }
  }
}

ssize_t Processes::read_output(Attempt& attempt, std::uint64_t stream) {
  const ssize_t size = pipes_.read(*attempt.outputs[stream].pipe, buffer_.data(), buffer_.size());
  if (size <= 0) return size;
  attempt.printed += static_cast<std::size_t>(size);
  listener_.output(attempt.execution,
                   stream == kStdout ? store::Stream::Stdout : store::Stream::Stderr,
                   std::string(buffer_.data(), static_cast<std::size_t>(size)));
  return size;
}

void Processes::read_outputs(Attempt& attempt) {
  for (const std::uint64_t stream : {kStdout, kStderr})
    if (reading_ && attempt.outputs[stream].pipe) read_output(attempt, stream);
}

void Processes::end_output(Attempt& attempt, std::uint64_t stream) {
  if (!attempt.outputs[stream].pipe) return;
  watch_output(attempt, stream, false);
  ssize_t size = 1;
  for (std::size_t rest = 0; size > 0 && rest < kRestBytesMax; rest += kChunkBytes)
    size = read_output(attempt, stream);
  pipes_.give_back(*attempt.outputs[stream].pipe, size == 0);
}

void Processes::reap(Attempt& attempt) {
  if (attempt.reaped) return;
  // Before it is reaped: as long as it is a zombie, its group's number is nobody else's.
  ::kill(-attempt.main.pid, SIGKILL);
  ::wait4(attempt.main.pid, &attempt.exit.status, 0, &attempt.exit.usage);
  attempt.main.process.reset();
  if (brief_ == attempt.serial) brief_.reset();
  attempt.reaped = true;
  --site_.mains;
  ending_.push_back(attempt.serial);
}

void Processes::finish_ended() {
  for (std::size_t i = 0; i < ending_.size();) {
    const std::uint64_t serial = ending_[i];
    if (anything_left(attempts_.at(serial))) {
      ++i;
      continue;
    }
    ending_.erase(ending_.begin() + static_cast<std::ptrdiff_t>(i));
    finish(serial);
  }
}

bool Processes::anything_left(const Attempt& attempt) {
  bool left = ::kill(-attempt.main.pid, SIGKILL) == 0;
  bool by_token = false;
  for (const int orphan : site_.orphans.alive()) {
    // This attempt's, or of one that still runs, where it may stay.
    const std::optional<std::string> token = token_of_process(orphan);
    if (token) {
      by_token |= *token == attempt.token;
    } else if (site_.mains == 0) {
      // It gave up its environment; with nothing else running it is ours.
      ::kill(orphan, SIGKILL);
      left = true;
    }
  }
  if (by_token) kill_by_token(attempt.token);
  return left || by_token;
}

void Processes::finish(std::uint64_t serial) {
  auto node = attempts_.extract(serial);
  Attempt& attempt = node.mapped();
  for (const std::uint64_t stream : {kStdout, kStderr}) end_output(attempt, stream);
  if (!tick_ && can_open_pidfds()) tick_.emplace();
  expect_brief_ = tick_ && tick_->works() && attempts_.empty() &&
                  attempt.printed <= kBriefBytesMax && is_fresh(attempt.since);
  site_.slots.release(attempt.slot);
  attempt.surroundings->tmp_folders.give_back(
      std::move(attempt.tmp_folder),
      attempt.keep_tmp ? model::to_string(attempt.execution) : std::string());
  listener_.ended(attempt.execution, exits_.end_of(attempt.exit));
}

}  // namespace mpibatch::node
