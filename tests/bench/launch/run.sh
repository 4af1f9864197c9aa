#!/usr/bin/env bash
# Shows every bar of launching: how fast very many short tasks start beside what else starts tasks, and what they cost.
# Installs the others, builds mpibatch as users' programs are built (preset release), prints a table a part.
#   run.sh                              all parts; three quarters of an hour on two cores
#   run.sh --only rate,chains           these: rate growth cpu chains efficiency idle start durability recovery cost
#   run.sh --tasks 1000 --rounds 2      a trial
#   run.sh --place /scratch --write     on that disk; into tests/bench/README.md, and the plot
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source cmake/packages.sh
install_packages "${packages_build[@]}" libgtest-dev libbenchmark-dev parallel make ninja-build findutils python3

build=build/bench
{
  cmake --preset release -B "$build" -DMPIBATCH_TESTS=ON
  cmake --build "$build" --target mpibatch mpibatch-mpi bare_loop stopwatch spin mpi_nothing recovery_bench \
    conformance_unix conformance_mpi
} >&2
MPIBATCH_BUILD=$PWD/$build exec python3 -B tests/bench/launch/launch.py "$@"
