// What a launcher cannot be faster than: PROCESSES processes that each start their part of N
// programs, one after the other, and wait for each. No output is kept.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s N PROCESSES PROGRAM [ARGUMENT...]\n", argv[0]);
    return 2;
  }
  const long tasks = std::atol(argv[1]);
  const long processes = std::atol(argv[2]);
  for (long process = 0; process < processes; ++process) {
    if (::fork() != 0) continue;
    for (long task = process; task < tasks; task += processes) {
      pid_t pid = 0;
      int status = 0;
      if (::posix_spawn(&pid, argv[3], nullptr, nullptr, argv + 3, environ) != 0) ::_exit(1);
      if (::waitpid(pid, &status, 0) != pid || status != 0) ::_exit(1);
    }
    ::_exit(0);
  }
  int failed = 0;
  int status = 0;
  while (::wait(&status) > 0) failed += status != 0;
  return failed == 0 ? 0 : 1;
}
