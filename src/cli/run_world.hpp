// Where the program stands: alone on a host, or as one rank of an MPI world.
#pragma once

#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>

namespace mpibatch::cli {

// Whether a launcher (Open MPI's mpirun, MPICH's, srun with PMI) started this process as a rank.
bool started_as_rank();
// As one of several, or of an unknown number. The only rank has nobody to talk to, and need not wait
// a quarter of a second until MPI has started.
bool started_as_one_of_several();

// Becomes mpibatch-mpi with the same arguments. Returns only if that fails: it is not installed.
Error become_mpi(const std::vector<std::string>& arguments);

std::string own_executable();  // absolute
// `mpibatch` itself, for starters and snapshots, from either executable.
std::string mpibatch_executable();

}  // namespace mpibatch::cli
