#include <fmt/format.h>

#include <mpibatch/cli/cli.hpp>
#include <mpibatch/transport/mpi_world.hpp>

int main(int argc, char** argv) {
  auto world = mpibatch::transport::MpiWorld::start(&argc, &argv);
  if (!world) {
    fmt::print(stderr, "mpibatch: MPI does not start: {}\n", world.error().message);
    return 2;
  }
  const int code = mpibatch::cli::run_command_line(argc, argv, world->get());
  (*world)->finish();
  return code;
}
