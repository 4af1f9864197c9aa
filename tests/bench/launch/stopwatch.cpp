// Times a command, and nothing of whoever asks for it: stopwatch RESULT COMMAND [ARGUMENT...]
// What the command leaves behind (a starter has a session of its own) comes to the stopwatch, is
// waited for, and is listed; the command's time ends with the command. SIGTERM is handed on.
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>

extern char** environ;

namespace {

constexpr unsigned kLeftoverSecondsMax = 60;

volatile sig_atomic_t command_pid = 0;

void hand_on(int number) {
  if (command_pid > 0) ::kill(command_pid, number);
}

double seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double cpu(const rusage& used) {
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

// Of all its threads, without its children: only /proc keeps them apart, as long as it is a zombie.
double own_cpu(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string word;
  for (int field = 3; field <= 13; ++field) fields >> word;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s RESULT COMMAND [ARGUMENT...]\n", argv[0]);
    return 2;
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  struct sigaction action {};
  action.sa_handler = hand_on;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);

  const double began_at = seconds(CLOCK_REALTIME);
  const double began = seconds(CLOCK_MONOTONIC);
  pid_t command = 0;
  if (const int error = ::posix_spawnp(&command, argv[2], nullptr, nullptr, argv + 2, environ)) {
    std::fprintf(stderr, "cannot start '%s': %s\n", argv[2], std::strerror(error));
    return 127;
  }
  command_pid = command;

  double took = 0;
  double own = 0;
  int code = 0;
  std::string left;
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0 || errno == EINTR) {
    const double now = seconds(CLOCK_MONOTONIC);
    const pid_t pid = std::exchange(info.si_pid, 0);
    if (pid == 0) continue;
    const double of_its_own = own_cpu(pid);
    int status = 0;
    rusage used{};
    ::wait4(pid, &status, 0, &used);
    if (pid == command) {
      command_pid = 0;
      took = now - began;
      own = of_its_own;
      code = exit_code(status);
      ::alarm(kLeftoverSecondsMax);  // what does not go is a failure, not a reason to hang
    } else {
      left += (left.empty() ? "" : ", ") + std::string{"{\"pid\": "} + std::to_string(pid) +
              ", \"own_cpu\": " + std::to_string(of_its_own) + "}";
    }
  }
  rusage all{};
  ::getrusage(RUSAGE_CHILDREN, &all);
  std::FILE* result = std::fopen(argv[1], "w");
  if (result == nullptr) {
    std::fprintf(stderr, "cannot write '%s': %s\n", argv[1], std::strerror(errno));
    return 1;
  }
  std::fprintf(result,
               "{\"code\": %d, \"pid\": %d, \"began_at\": %.6f, \"seconds\": %.6f, \"cpu\": %.6f, "
               "\"own_cpu\": %.2f, \"left\": [%s]}\n",
               code, command, began_at, took, cpu(all), own, left.c_str());
  return std::fclose(result) == 0 ? 0 : 1;
}
