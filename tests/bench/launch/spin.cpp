// A task that is all work: burns MICROSECONDS of its thread's CPU time, beside what its start
// takes.
#include <time.h>

#include <cstdlib>

namespace {

long cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  const long until = cpu_ns() + (argc > 1 ? std::atol(argv[1]) : 1000) * 1000;
  while (cpu_ns() < until) {
  }
  return 0;
}
