#include <signal.h>

#include <fmt/format.h>

#include <mpibatch/cli/cli.hpp>
#include <mpibatch/transport/mpi_world.hpp>

namespace {

// MPI's threads must not be there to take them: a signal that any thread lets in ends the process
// before rank 0 has told the starters to stop. Agents leave with the world.
void keep_signals_for_rank_0() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  keep_signals_for_rank_0();
  auto world = mpibatch::transport::MpiWorld::start(&argc, &argv);
  if (!world) {
    fmt::print(stderr, "mpibatch: MPI does not start: {}\n", world.error().message);
    return 2;
  }
  const int code = mpibatch::cli::run_command_line(argc, argv, world->get());
  (*world)->finish();
  return code;
}
