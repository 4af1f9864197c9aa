#include "node/processes.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/clock.hpp>

#include "node/environment.hpp"

namespace mpibatch::node {

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;
// After an end: more than this in a pipe comes from somebody who still writes.
constexpr std::size_t kRestBytesMax = std::size_t{2} << 20;
constexpr int kEventsMax = 64;
constexpr int kKilledCode = 128 + SIGKILL;

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
  end.usage.memory_max_kib = static_cast<std::uint64_t>(usage.ru_maxrss);
  return end;
}

tl::unexpected<StartFailure> cannot(std::string reason) {
  return tl::unexpected<StartFailure>(StartFailure{125, shortened(std::move(reason))});
}

}  // namespace

Processes::Processes(ProcessPlace place, SlotTable& slots, AttemptListener& listener)
    : place_(std::move(place)),
      slots_(slots),
      listener_(listener),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      pipes_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(kChunkBytes) {
  // Orphans of attempts become our children: so none can hide from us.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::pthread_sigmask(SIG_BLOCK, &child, nullptr);
  signals_.reset(::signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC));
  MPIBATCH_CHECK(epoll_ && pipes_ && signals_);
  watch_descriptor(epoll_.get(), signals_.get(), 0);
  watch_descriptor(epoll_.get(), pipes_.get(), 1);
}

Processes::~Processes() { kill_all(std::chrono::seconds{5}); }

void Processes::set_surroundings(const protocol::Surroundings& surroundings,
                                 TmpFolders& tmp_folders) {
  surroundings_ = surroundings;
  tmp_folders_ = &tmp_folders;
  spawner_.set_surroundings(surroundings.umask, surroundings.limits);
}

tl::expected<void, StartFailure> Processes::start(const Spawn& spawn,
                                                  const std::vector<std::uint32_t>& cpus) {
  MPIBATCH_CHECK(tmp_folders_ != nullptr);
  const model::JobTemplate& job = *spawn.job;
  const std::string& host = place_.name.host;
  Result<std::string> tmp_folder = tmp_folders_->take();
  if (!tmp_folder) return cannot(tmp_folder.error().message + " on " + host);
  Attempt attempt;
  attempt.execution = spawn.execution;
  attempt.serial = ++serial_;
  attempt.token = token_of(place_.run, place_.name.share, spawn.execution);
  attempt.tmp_folder = std::move(*tmp_folder);
  attempt.keep_tmp = job.keep_tmp;
  attempt.oom_kills = oom_.recent(SystemClock().awake());

  const Parameters parameters = parameters_of(job, spawn.values);
  SpawnRequest request;
  request.folder = absolute(job.working_directory, surroundings_.working_directory);
  request.cpus = cpus.empty() ? place_.cpus : cpus;
  request.environment = attempt_environment(
      surroundings_.environment, job, parameters,
      {spawn.execution, spawn.attempt, attempt.token, model::to_string(place_.name),
       attempt.tmp_folder, cpus, spawn.environment});
  const CommandPlace where{request.folder, variable(request.environment, "PATH"),
                           variable(request.environment, "SHELL"), host};
  auto command = find_command(job, parameters, where);
  if (command) request.command = std::move(*command);
  auto launched = command ? launch(attempt, request)
                          : tl::expected<void, StartFailure>(tl::unexpected(command.error()));
  if (!launched) {
    tmp_folders_->give_back(attempt.tmp_folder, {});
    // Looked at only now: for the many that start it would cost as much as the start.
    const std::string word = request.command.words.empty() ? "sh" : request.command.words.front();
    const std::optional<StartFailure> fault = fault_of(word, where);
    if (fault) return tl::unexpected(*fault);
    return launched;
  }
  watch(attempt);
  mains_.emplace(attempt.pid, attempt.serial);
  serials_.emplace(attempt.execution, attempt.serial);
  attempts_.emplace(attempt.serial, std::move(attempt));
  return {};
}

tl::expected<void, StartFailure> Processes::launch(Attempt& attempt, SpawnRequest& request) {
  const std::string& host = place_.name.host;
  UniqueFd write_ends[2];
  for (int stream = 0; stream < 2; ++stream) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return cannot("cannot make a pipe on " + host + ": " + std::strerror(errno));
    attempt.pipes[stream].reset(ends[0]);
    write_ends[stream].reset(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  attempt.slot = slots_.take(attempt.execution, SystemClock().boot());
  if (!attempt.slot)
    return cannot("more than " + std::to_string(SlotTable::kSlots) + " attempts at once on " +
                  host);
  request.stdout_fd = write_ends[0].get();
  request.stderr_fd = write_ends[1].get();
  request.pid_slot = &attempt.slot->pid;
  const auto pid = spawner_.spawn(request, host);
  if (!pid) {
    slots_.release(attempt.slot);
    return tl::unexpected<StartFailure>(pid.error());
  }
  attempt.pid = *pid;
  return {};
}

void Processes::watch(Attempt& attempt) {
  for (std::uint64_t stream = 0; stream < 2; ++stream)
    watch_descriptor(pipes_.get(), attempt.pipes[stream].get(), attempt.serial * 2 + stream);
}

void Processes::signal(const model::ExecutionId& execution, EndSignal signal) {
  const auto found = serials_.find(execution);
  if (found == serials_.end()) return;
  Attempt& attempt = attempts_.at(found->second);
  const pid_t pid = attempt.pid;
  if (!mains_.contains(pid)) return;  // it has ended; what is left of it is being killed
  attempt.ended_by_us = attempt.ended_by_us || signal == EndSignal::Kill;
  ::kill(-pid, signal == EndSignal::Kill ? SIGKILL : SIGTERM);
  if (signal == EndSignal::Term) ::kill(-pid, SIGCONT);  // a stopped process acts on it, too
}

void Processes::progress() {
  signalfd_siginfo ignored;  // only one at a time can be pending
  if (::read(signals_.get(), &ignored, sizeof ignored) < 0) MPIBATCH_CHECK(errno == EAGAIN);
  if (reading_) read_ready();
  reap();
  finish_ended();
}

void Processes::set_reading(bool on) {
  if (on == reading_) return;
  reading_ = on;
  if (on) {
    watch_descriptor(epoll_.get(), pipes_.get(), 1);
  } else {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, pipes_.get(), nullptr);
  }
}

void Processes::read_ready() {
  epoll_event events[kEventsMax];
  const int count = ::epoll_wait(pipes_.get(), events, kEventsMax, 0);
  for (int i = 0; i < count; ++i) {
    const auto found = attempts_.find(events[i].data.u64 / 2);
    if (found != attempts_.end())
      read_pipe(found->second, static_cast<int>(events[i].data.u64 % 2));
  }
}

bool Processes::read_pipe(Attempt& attempt, int stream) {
  UniqueFd& pipe = attempt.pipes[stream];
  if (!pipe) return false;
  const ssize_t size = ::read(pipe.get(), buffer_.data(), buffer_.size());
  if (size > 0) {
    listener_.output(attempt.execution, stream == 0 ? store::Stream::Stdout : store::Stream::Stderr,
                     std::string(buffer_.data(), static_cast<std::size_t>(size)));
    return true;
  }
  if (size == 0) pipe.reset();
  return false;
}

void Processes::reap() {
  while (true) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    const auto found = mains_.find(info.si_pid);
    if (found == mains_.end()) {
      ::wait4(info.si_pid, nullptr, WNOHANG, nullptr);  // somebody's orphan
      continue;
    }
    Attempt& attempt = attempts_.at(found->second);
    // Before it is reaped: as long as it is a zombie, its group's number is nobody else's.
    ::kill(-attempt.pid, SIGKILL);
    ::wait4(attempt.pid, &attempt.status, 0, &attempt.usage);
    ending_.push_back(attempt.serial);
    mains_.erase(found);
  }
}

void Processes::finish_ended() {
  for (std::size_t i = 0; i < ending_.size();) {
    Attempt& attempt = attempts_.at(ending_[i]);
    if (anything_left(attempt)) {
      ++i;
      continue;
    }
    ending_.erase(ending_.begin() + static_cast<std::ptrdiff_t>(i));
    finish(attempt);
  }
}

bool Processes::anything_left(const Attempt& attempt) {
  bool left = ::kill(-attempt.pid, SIGKILL) == 0;
  bool by_token = false;
  for (const int child : children_.read()) {
    if (mains_.contains(child)) continue;
    // An orphan: this attempt's, or of one that still runs, where it may stay.
    const std::optional<std::string> token = token_of_process(child);
    if (token) {
      by_token |= *token == attempt.token;
    } else if (mains_.empty()) {
      // It gave up its environment, or is a zombie by now; with nothing else running it is ours.
      ::kill(child, SIGKILL);
      left = true;
    }
  }
  if (by_token) kill_by_token(attempt.token);
  return left || by_token;
}

void Processes::finish(Attempt& attempt) {
  for (int stream = 0; stream < 2; ++stream)
    for (std::size_t rest = 0; rest < kRestBytesMax; rest += kChunkBytes)
      if (!read_pipe(attempt, stream)) break;
  slots_.release(attempt.slot);
  tmp_folders_->give_back(attempt.tmp_folder,
                          attempt.keep_tmp ? model::to_string(attempt.execution) : std::string());
  const model::ExecutionId execution = attempt.execution;
  model::AttemptEnd end = end_of(attempt.status, attempt.usage);
  if (out_of_memory(attempt)) {
    end.kind = model::EndKind::OutOfMemory;
    end.code = kKilledCode;
  }
  serials_.erase(execution);
  attempts_.erase(attempt.serial);
  listener_.ended(execution, std::move(end));
}

// The kernel's SIGKILL, to its main process or to one whose shell passed that on. Other attempts
// share the counter: one that somebody else kills at the same moment is called the same.
bool Processes::out_of_memory(const Attempt& attempt) {
  const bool killed = WIFSIGNALED(attempt.status) ? WTERMSIG(attempt.status) == SIGKILL
                                                  : WEXITSTATUS(attempt.status) == kKilledCode;
  return killed && !attempt.ended_by_us && oom_.read() > attempt.oom_kills;
}

bool Processes::kill_all(Duration patience) {
  const SystemClock clock;
  const Duration until = clock.awake() + patience;
  while (true) {
    for (const auto& [pid, serial] : mains_) ::kill(-pid, SIGKILL);
    progress();
    const std::vector<int> children = children_.read();
    if (attempts_.empty() && children.empty()) return true;
    if (attempts_.empty())
      for (const int child : children) ::kill(child, SIGKILL);
    if (clock.awake() > until) return false;
    epoll_event event{};
    ::epoll_wait(epoll_.get(), &event, 1, kRetryMs);
  }
}

}  // namespace mpibatch::node
