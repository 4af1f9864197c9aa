// Starts MPI as mpibatch does, and ends it: what no rank can be faster than.
#include <cstdio>

#include <mpibatch/transport/mpi_world.hpp>

int main(int argc, char** argv) {
  const auto world = mpibatch::transport::MpiWorld::start(&argc, &argv);
  if (!world) {
    std::fprintf(stderr, "%s\n", world.error().message.c_str());
    return 1;
  }
  (*world)->finish();
  return 0;
}
