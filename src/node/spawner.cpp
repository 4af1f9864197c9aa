#include "node/spawner.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>

#include <mpibatch/base/check.hpp>

namespace mpibatch::node {

namespace {

constexpr std::size_t kStackBytes = 64 * 1024;
constexpr std::size_t kGuardBytes = 4096;

enum class Stage : std::uint8_t { None, Output, Folder, Execute };

// What parent and child share. The parent sleeps until the child has executed or gone.
struct Shared {
  pid_t parent = 0;
  int null_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  char* path = nullptr;
  char** shell_words = nullptr;  // `sh` and the words, the first of which gives way to the path
  char* const* environment = nullptr;
  const char* folder = nullptr;
  const int* ignored = nullptr;
  std::size_t ignored_count = 0;
  const protocol::Limit* limits = nullptr;
  std::size_t limit_count = 0;
  mode_t umask = 022;
  volatile std::int32_t* pid_slot = nullptr;
  volatile Stage stage = Stage::None;
  volatile int error = 0;
};

[[noreturn]] void give_up(Shared& shared, Stage stage) {
  shared.stage = stage;
  shared.error = errno;
  ::_exit(127);
}

// Runs in the parent's memory: system calls alone. Sanitizers' shadow is the parent's, too.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
__attribute__((no_sanitize("address", "thread", "undefined")))
#endif
int child_main(void* argument) {
  Shared& shared = *static_cast<Shared*>(argument);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != shared.parent) ::_exit(127);  // it died before it could have told us
  if (shared.pid_slot) *shared.pid_slot = ::getpid();
  ::setpgid(0, 0);
  for (std::size_t i = 0; i < shared.ignored_count; ++i) ::signal(shared.ignored[i], SIG_DFL);
  if (::dup2(shared.null_fd, 0) < 0 || ::dup2(shared.stdout_fd, 1) < 0 ||
      ::dup2(shared.stderr_fd, 2) < 0)
    give_up(shared, Stage::Output);
  // Ours are close-on-exec; this is for those that a library or a launcher left open.
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  for (std::size_t i = 0; i < shared.limit_count; ++i) {
    const rlimit limit{shared.limits[i].soft, shared.limits[i].hard};
    ::setrlimit(static_cast<__rlimit_resource>(shared.limits[i].resource), &limit);
  }
  ::umask(shared.umask);
  if (::chdir(shared.folder) != 0) give_up(shared, Stage::Folder);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(shared.path, shared.shell_words + 1, shared.environment);
  // A script without `#!`: execvp gives it to a shell.
  if (errno == ENOEXEC) {
    shared.shell_words[1] = shared.path;
    ::execve("/bin/sh", shared.shell_words, shared.environment);
  }
  give_up(shared, Stage::Execute);
}

#if defined(__SANITIZE_THREAD__)
// The sanitizer takes every clone() for a fork(), after which it allows no threads; so past it.
decltype(&::clone) clone_function() {
  void* library = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  return reinterpret_cast<decltype(&::clone)>(::dlsym(library, "clone"));
}
#else
constexpr decltype(&::clone) clone_function() { return &::clone; }
#endif

using Texts = std::vector<std::string>;

std::vector<char*> pointers(std::initializer_list<const Texts*> lists) {
  std::vector<char*> pointers;
  std::size_t count = 1;
  for (const Texts* texts : lists) count += texts ? texts->size() : 0;
  pointers.reserve(count);
  for (const Texts* texts : lists)
    for (std::size_t i = 0; texts && i < texts->size(); ++i)
      pointers.push_back(const_cast<char*>((*texts)[i].c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// CPUs that may no longer be used are left out, as the kernel does it.
void bind_thread(const std::vector<std::uint32_t>& cpus) {
  constexpr std::size_t kBits = 8 * sizeof(unsigned long);
  std::vector<unsigned long> mask;
  for (const std::uint32_t cpu : cpus) {
    if (mask.size() <= cpu / kBits) mask.resize(cpu / kBits + 1);
    mask[cpu / kBits] |= 1UL << (cpu % kBits);
  }
  ::sched_setaffinity(0, mask.size() * sizeof(unsigned long),
                      reinterpret_cast<const cpu_set_t*>(mask.data()));
}

StartFailure failure_of(const Shared& shared, const SpawnRequest& request,
                        const std::string& host) {
  const int error = shared.error;
  const std::string why = std::strerror(error);
  if (shared.stage == Stage::Folder)
    return {125, shortened("working directory '" + request.folder + "' on " + host + ": " + why)};
  if (shared.stage == Stage::Output)
    return {125, shortened("cannot connect its output on " + host + ": " + why)};
  const std::string what = "cannot execute '" + request.command.path + "' on " + host + ": " + why;
  if (error == ENOENT)
    return {127, shortened(what + " (the interpreter or loader that it names is missing)")};
  if (error == E2BIG) return {126, shortened(what + " (its words and environment are too long)")};
  return {126, shortened(what)};
}

}  // namespace

UniqueFd open_pidfd(pid_t child) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
}

bool can_open_pidfds() { return open_pidfd(::getpid()) || errno == EMFILE || errno == ENFILE; }

Spawner::Spawner() : self_(::getpid()), null_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {
  MPIBATCH_CHECK(static_cast<bool>(null_));
  stack_ = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  MPIBATCH_CHECK(stack_ != MAP_FAILED);
  ::mprotect(stack_, kGuardBytes, PROT_NONE);
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN)
      ignored_.push_back(number);
  }
}

Spawner::~Spawner() { ::munmap(stack_, kStackBytes); }

void Spawner::set_surroundings(std::uint32_t umask, const std::vector<protocol::Limit>& limits) {
  umask_ = umask;
  limits_.clear();
  for (protocol::Limit limit : limits) {
    rlimit ours{};
    if (::getrlimit(static_cast<__rlimit_resource>(limit.resource), &ours) != 0) continue;
    if (::geteuid() != 0) limit.hard = std::min<std::uint64_t>(limit.hard, ours.rlim_max);
    limit.soft = std::min(limit.soft, limit.hard);
    if (limit.soft != ours.rlim_cur || limit.hard != ours.rlim_max) limits_.push_back(limit);
  }
}

tl::expected<Child, StartFailure> Spawner::spawn(const SpawnRequest& request,
                                                 const std::string& host) {
  const Texts shell{"sh"};
  std::vector<char*> shell_words = pointers({&shell, &request.command.words});
  const std::vector<char*> environment = pointers({&request.environment, request.more_environment});
  if (request.cpus != cpus_ && !request.cpus.empty()) {
    bind_thread(request.cpus);
    cpus_ = request.cpus;
  }

  Shared shared;
  shared.parent = self_;
  shared.null_fd = null_.get();
  shared.stdout_fd = request.stdout_fd;
  shared.stderr_fd = request.stderr_fd;
  shared.path = const_cast<char*>(request.command.path.c_str());
  shared.shell_words = shell_words.data();
  shared.environment = environment.data();
  shared.folder = request.folder.c_str();
  shared.ignored = ignored_.data();
  shared.ignored_count = ignored_.size();
  shared.limits = limits_.data();
  shared.limit_count = limits_.size();
  shared.umask = umask_;
  shared.pid_slot = request.pid_slot;

  int process = -1;
  const int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | (request.with_pidfd ? CLONE_PIDFD : 0);
  const pid_t pid = clone_function()(child_main, static_cast<char*>(stack_) + kStackBytes, flags,
                                     &shared, &process);
  const int error = errno;
  if (pid < 0)
    return tl::unexpected<StartFailure>(StartFailure{
        125, shortened("cannot make a process on " + host + ": " + std::strerror(error))});
  Child child{pid, UniqueFd(process)};
  const bool known = child.process || !request.with_pidfd;
  if (shared.stage == Stage::None && known) return child;
  if (!known) ::kill(-pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  if (shared.stage == Stage::None)
    return tl::unexpected<StartFailure>(
        StartFailure{125, "the kernel of " + host + " is too old: Linux 5.4 or newer is needed"});
  return tl::unexpected<StartFailure>(failure_of(shared, request, host));
}

}  // namespace mpibatch::node
