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
enum What : std::uint64_t { kPipe = 0, kMain = 1, kWake = 2 };
constexpr std::uint64_t kWhats = 3;
// `number`: an attempt's serial number, or a pipe's.
constexpr std::uint64_t key_of(std::uint64_t number, std::uint64_t what) {
  return number * kWhats + what;
}
constexpr std::uint64_t pipe_key(OutputPipes::Id pipe) { return key_of(pipe, kPipe); }

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

}  // namespace

Processes::Processes(LaunchSite& site, AttemptListener& listener)
    : site_(site),
      listener_(listener),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      pipes_(epoll_.get(), pipe_key),
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
  attempt.oom_kills = oom_.recent(SystemClock().awake());

  const Parameters parameters = parameters_of(job, spawn.values);
  SpawnRequest request;
  request.folder = absolute(job.working_directory, surroundings->given.working_directory);
  request.cpus = cpus.empty() ? site_.cpus : cpus;
  request.environment =
      own_environment(job, parameters,
                      {spawn.execution, spawn.attempt, attempt.token, model::to_string(site_.name),
                       attempt.tmp_folder.path, cpus, spawn.environment});
  prepare(spawn, !cpus.empty(), request.environment);
  request.more_environment = &alike_.environment;
  auto started = start(attempt, spawn, parameters, request);
  // A program may have gone from where it was found.
  if (!started && alike_.programs.forget()) started = start(attempt, spawn, parameters, request);
  if (!started) {
    surroundings->tmp_folders.give_back(std::move(attempt.tmp_folder), {});
    return started;
  }
  watch_descriptor(epoll_.get(), attempt.main.process.get(), key_of(attempt.serial, kMain));
  attempts_.emplace(attempt.serial, std::move(attempt));
  return {};
}

void Processes::prepare(const Spawn& spawn, bool bound,
                        const std::vector<std::string>& own_environment) {
  if (alike_.job == spawn.job && alike_.values == spawn.values.size() && alike_.bound == bound)
    return;
  alike_.job = spawn.job;
  alike_.values = spawn.values.size();
  alike_.bound = bound;
  alike_.environment =
      captured_environment(alike_.surroundings->given.environment, own_environment);
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
  int outputs[2] = {-1, -1};
  tl::expected<void, StartFailure> done;
  for (int stream = 0; done && stream < 2; ++stream) {
    const std::string& file = stream == 0 ? files.out : files.error;
    if (file.empty()) {
      const auto pipe =
          make_pipe(attempt, stream == 0 ? store::Stream::Stdout : store::Stream::Stderr);
      if (pipe)
        outputs[stream] = *pipe;
      else
        done = tl::unexpected(pipe.error());
    } else {
      auto output = open_log_file(file, {stream == 0 ? "stdout" : "stderr", request.folder,
                                         alike_.surroundings->given.umask, host});
      if (output)
        outputs[stream] = (opened[stream] = std::move(*output)).get();
      else
        done = tl::unexpected(output.error());
    }
  }
  if (done) {
    attempt.slot = site_.slots.take(attempt.execution, SystemClock().boot());
    if (!attempt.slot)
      done =
          cannot("more than " + std::to_string(SlotTable::kSlots) + " attempts at once on " + host);
  }
  if (done) {
    request.stdout_fd = outputs[0];
    request.stderr_fd = outputs[1];
    request.pid_slot = &attempt.slot->pid;
    ++site_.mains;
    auto child = spawner_.spawn(request, host);
    if (child) {
      attempt.main = std::move(*child);
      return {};
    }
    --site_.mains;
    site_.slots.release(attempt.slot);
    done = tl::unexpected(std::move(child.error()));
  }
  for (auto& pipe : attempt.pipes)
    if (pipe) pipes_.give_back(*std::exchange(pipe, std::nullopt), false);
  return done;
}

// The end to write to. Held until the attempt has ended: to be woken for a pipe's end before that
// would be in vain.
tl::expected<int, StartFailure> Processes::make_pipe(Attempt& attempt, store::Stream stream) {
  const auto pipe = pipes_.take();
  if (!pipe)
    return cannot("cannot make a pipe on " + site_.name.host + ": " + std::strerror(pipe.error()));
  if (pipe_uses_.size() <= *pipe) pipe_uses_.resize(*pipe + 1);
  pipe_uses_[*pipe] = {attempt.serial, stream};
  attempt.pipes[stream == store::Stream::Stderr] = *pipe;
  return pipes_.write_end(*pipe);
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
  pipes_.watch(site_.reading);
  if (!ending_.empty() && (wait_ms < 0 || wait_ms > kRetryMs)) wait_ms = kRetryMs;
  epoll_event events[kEventsMax];
  const int count = ::epoll_wait(epoll_.get(), events, kEventsMax, wait_ms);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t what = events[i].data.u64 % kWhats;
    const std::uint64_t number = events[i].data.u64 / kWhats;
    eventfd_t ignored = 0;
    if (what == kWake) ::eventfd_read(wake_.get(), &ignored);
    if (what == kMain) reap(number);
    if (what == kPipe) read_pipe(static_cast<OutputPipes::Id>(number));
  }
  finish_ended();
}

ssize_t Processes::read_pipe(OutputPipes::Id pipe) {
  const PipeUse& use = pipe_uses_[pipe];
  const ssize_t size = pipes_.read(pipe, buffer_.data(), buffer_.size());
  const auto attempt = attempts_.find(use.serial);
  if (size > 0 && attempt != attempts_.end())
    listener_.output(attempt->second.execution, use.stream,
                     std::string(buffer_.data(), static_cast<std::size_t>(size)));
  return size;
}

void Processes::end_pipe(OutputPipes::Id pipe) {
  pipes_.close(pipe);
  ssize_t size = 1;
  for (std::size_t rest = 0; size > 0 && rest < kRestBytesMax; rest += kChunkBytes)
    size = read_pipe(pipe);
  pipes_.give_back(pipe, size == 0);
}

void Processes::reap(std::uint64_t serial) {
  const auto found = attempts_.find(serial);
  if (found == attempts_.end() || found->second.reaped) return;
  Attempt& attempt = found->second;
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
  for (const auto& pipe : attempts_.at(serial).pipes)
    if (pipe) end_pipe(*pipe);
  auto node = attempts_.extract(serial);
  Attempt& attempt = node.mapped();
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
