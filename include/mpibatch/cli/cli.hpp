// The command line. `mpibatch` calls it without a world, `mpibatch-mpi` with one.
#pragma once

namespace mpibatch::transport {
class MpiWorld;
}

namespace mpibatch::cli {

// Returns the exit code: 0 all succeeded, 1 some job failed, 2 bad usage or plan, 75 interrupted,
// run again.
int run_command_line(int argc, char** argv, transport::MpiWorld* world);

}  // namespace mpibatch::cli
