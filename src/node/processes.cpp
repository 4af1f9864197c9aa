#include "node/processes.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/clock.hpp>
#include <mpibatch/model/log_files.hpp>

#include "node/environment.hpp"
#include "node/log_files.hpp"

namespace mpibatch::node {

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;
// After an end: more than this in a pipe comes from somebody who still writes.
constexpr std::size_t kRestBytesMax = std::size_t{2} << 20;
constexpr int kEventsMax = 64;
constexpr int kRetryMs = 10;  // while something of an ended attempt is left
constexpr int kKilledCode = 128 + SIGKILL;

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

Duration duration_of(const timeval& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

model::AttemptEnd end_of(int status, const rusage& usage) {
  model::AttemptEnd end;
  if (WIFSIGNALED(status)) {
    end.kind = model::EndKind::Signaled;
    end.code = WTERMSIG(status);
    end.reason = "killed by signal " + std::to_string(end.code) + ": " + ::strsignal(end.code);
  } else {
    end.code = WEXITSTATUS(status);
  }
  end.usage.user = duration_of(usage.ru_utime);
  end.usage.system = duration_of(usage.ru_stime);
  return end;
}

tl::unexpected<StartFailure> cannot(std::string reason) {
  return tl::unexpected<StartFailure>(StartFailure{125, shortened(std::move(reason))});
}

// The end to write to.
tl::expected<UniqueFd, StartFailure> make_pipe(UniqueFd& read_end, const std::string& host) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return cannot("cannot make a pipe on " + host + ": " + std::strerror(errno));
  read_end.reset(ends[0]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return UniqueFd(ends[1]);
}

}  // namespace

Processes::Processes(LaunchSite& site, AttemptListener& listener)
    : site_(site),
      listener_(listener),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
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
  const auto surroundings = site_.surroundings();
  MPIBATCH_CHECK(surroundings != nullptr);
  if (surroundings != surroundings_)
    spawner_.set_surroundings(surroundings->given.umask, surroundings->given.limits);
  surroundings_ = surroundings;
  const model::JobTemplate& job = *spawn.job;
  const std::string& host = site_.name.host;
  Result<TmpFolder> tmp_folder = surroundings->tmp_folders.take();
  if (!tmp_folder) return cannot(tmp_folder.error().message + " on " + host);
  Attempt attempt;
  attempt.execution = spawn.execution;
  attempt.serial = ++serial_;
  attempt.token = token_of(site_.run, site_.name.share, spawn.execution);
  attempt.tmp_folder = std::move(*tmp_folder);
  attempt.surroundings = surroundings;
  attempt.keep_tmp = job.keep_tmp;
  attempt.oom_kills = oom_.recent(SystemClock().awake());

  const Parameters parameters = parameters_of(job, spawn.values);
  SpawnRequest request;
  request.folder = absolute(job.working_directory, surroundings->given.working_directory);
  request.cpus = cpus.empty() ? site_.cpus : cpus;
  request.environment = attempt_environment(
      surroundings->given.environment, job, parameters,
      {spawn.execution, spawn.attempt, attempt.token, model::to_string(site_.name),
       attempt.tmp_folder.path, cpus, spawn.environment});
  const CommandPlace where{request.folder, variable(request.environment, "PATH"),
                           variable(request.environment, "SHELL"), host};
  auto command = find_command(job, parameters, where);
  if (command) request.command = std::move(*command);
  model::LogFiles files;
  if (job.log_files != model::LogFiles{})
    files = model::log_files_of(job, parameters,
                                {spawn.execution.child, spawn.attempt, request.folder});
  auto launched = command ? launch(attempt, request, files)
                          : tl::expected<void, StartFailure>(tl::unexpected(command.error()));
  if (!launched) {
    surroundings->tmp_folders.give_back(std::move(attempt.tmp_folder), {});
    // Looked at only now: for the many that start it would cost as much as the start.
    const std::string word = request.command.words.empty() ? "sh" : request.command.words.front();
    const std::optional<StartFailure> fault = fault_of(word, where);
    if (fault) return tl::unexpected(*fault);
    return launched;
  }
  watch(attempt);
  attempts_.emplace(attempt.serial, std::move(attempt));
  return {};
}

tl::expected<void, StartFailure> Processes::launch(Attempt& attempt, SpawnRequest& request,
                                                   const model::LogFiles& files) {
  const std::string& host = site_.name.host;
  UniqueFd outputs[2];
  for (int stream = 0; stream < 2; ++stream) {
    const std::string& file = stream == 0 ? files.out : files.error;
    auto output = file.empty()
                      ? make_pipe(attempt.pipes[stream], host)
                      : open_log_file(file, {stream == 0 ? "stdout" : "stderr", request.folder,
                                             surroundings_->given.umask, host});
    if (!output) return tl::unexpected<StartFailure>(output.error());
    outputs[stream] = std::move(*output);
  }
  attempt.slot = site_.slots.take(attempt.execution, SystemClock().boot());
  if (!attempt.slot)
    return cannot("more than " + std::to_string(SlotTable::kSlots) + " attempts at once on " +
                  host);
  request.stdout_fd = outputs[0].get();
  request.stderr_fd = outputs[1].get();
  request.pid_slot = &attempt.slot->pid;
  ++site_.mains;
  auto child = spawner_.spawn(request, host);
  if (!child) {
    --site_.mains;
    site_.slots.release(attempt.slot);
    return tl::unexpected<StartFailure>(child.error());
  }
  attempt.main = std::move(*child);
  // Held, so that a pipe has no end before the attempt: to be woken for that would be in vain.
  for (int stream = 0; stream < 2; ++stream)
    if (attempt.pipes[stream]) attempt.write_ends[stream] = std::move(outputs[stream]);
  return {};
}

void Processes::watch(const Attempt& attempt) {
  watch_descriptor(epoll_.get(), attempt.main.process.get(), key_of(attempt.serial, kMain));
  if (reading_) watch_pipes(attempt, true);
}

void Processes::watch_pipes(const Attempt& attempt, bool on) {
  for (std::uint64_t stream = 0; stream < 2; ++stream) {
    const int pipe = attempt.pipes[stream].get();
    if (pipe < 0) continue;
    if (on) {
      watch_descriptor(epoll_.get(), pipe, key_of(attempt.serial, stream));
    } else {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, pipe, nullptr);
    }
  }
}

void Processes::follow_reading() {
  const bool on = site_.reading;
  if (on == reading_) return;
  reading_ = on;
  for (const auto& [serial, attempt] : attempts_) watch_pipes(attempt, on);
}

void Processes::signal(const model::ExecutionId& execution, EndSignal signal) {
  for (auto& [serial, attempt] : attempts_) {
    // What is left of one that has ended is being killed.
    if (attempt.execution != execution || attempt.reaped) continue;
    attempt.ended_by_us = attempt.ended_by_us || signal == EndSignal::Kill;
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
  if (!ending_.empty() && (wait_ms < 0 || wait_ms > kRetryMs)) wait_ms = kRetryMs;
  epoll_event events[kEventsMax];
  const int count = ::epoll_wait(epoll_.get(), events, kEventsMax, wait_ms);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t what = events[i].data.u64 % 4;
    eventfd_t ignored = 0;
    if (what == kWake) ::eventfd_read(wake_.get(), &ignored);
    const auto found = attempts_.find(events[i].data.u64 / 4);
    if (found == attempts_.end()) continue;
    if (what == kMain) reap(found->second);
    if (what == kStdout || what == kStderr) read_pipe(found->second, static_cast<int>(what));
  }
  finish_ended();
}

bool Processes::read_pipe(const Attempt& attempt, int stream) {
  const UniqueFd& pipe = attempt.pipes[stream];
  if (!pipe) return false;
  const ssize_t size = ::read(pipe.get(), buffer_.data(), buffer_.size());
  if (size > 0) {
    listener_.output(attempt.execution, stream == 0 ? store::Stream::Stdout : store::Stream::Stderr,
                     std::string(buffer_.data(), static_cast<std::size_t>(size)));
    return true;
  }
  return false;
}

void Processes::reap(Attempt& attempt) {
  if (attempt.reaped) return;
  // Before it is reaped: as long as it is a zombie, its group's number is nobody else's.
  ::kill(-attempt.main.pid, SIGKILL);
  ::wait4(attempt.main.pid, &attempt.status, 0, &attempt.usage);
  attempt.main.process.reset();
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
  for (int stream = 0; stream < 2; ++stream)
    for (std::size_t rest = 0; rest < kRestBytesMax; rest += kChunkBytes)
      if (!read_pipe(attempt, stream)) break;
  site_.slots.release(attempt.slot);
  attempt.surroundings->tmp_folders.give_back(
      std::move(attempt.tmp_folder),
      attempt.keep_tmp ? model::to_string(attempt.execution) : std::string());
  model::AttemptEnd end = end_of(attempt.status, attempt.usage);
  end.usage.memory_max_kib = memory_of(attempt);
  if (out_of_memory(attempt)) {
    end.kind = model::EndKind::OutOfMemory;
    end.code = kKilledCode;
  }
  listener_.ended(attempt.execution, std::move(end));
}

// An attempt is charged with our memory, in which it ran until it executed its program: less than
// that says nothing. Ours only grows, and is looked at only where it makes a difference.
std::uint64_t Processes::memory_of(const Attempt& attempt) {
  if (attempt.usage.ru_maxrss <= own_memory_kib_) return 0;
  rusage ours{};
  ::getrusage(RUSAGE_SELF, &ours);
  own_memory_kib_ = ours.ru_maxrss;
  return attempt.usage.ru_maxrss > own_memory_kib_
             ? static_cast<std::uint64_t>(attempt.usage.ru_maxrss)
             : 0;
}

// The kernel's SIGKILL, to its main process or to one whose shell passed that on. Other attempts
// share the counter: one that somebody else kills at the same moment is called the same.
bool Processes::out_of_memory(const Attempt& attempt) {
  const bool killed = WIFSIGNALED(attempt.status) ? WTERMSIG(attempt.status) == SIGKILL
                                                  : WEXITSTATUS(attempt.status) == kKilledCode;
  return killed && !attempt.ended_by_us && oom_.read() > attempt.oom_kills;
}

}  // namespace mpibatch::node
