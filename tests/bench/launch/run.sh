#!/usr/bin/env bash
# How fast very many very short tasks start, beside what else starts tasks: installs those, builds mpibatch as users' programs
# are built (preset release), and prints a table. All options go to launch.py: --tasks 20000 --rounds 5 --place /var/tmp
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source cmake/packages.sh
install_packages "${packages_build[@]}" libgtest-dev libbenchmark-dev parallel make ninja-build findutils
allow_mpirun_as_root

build=build/bench
{
  cmake --preset release -B "$build" -DMPIBATCH_TESTS=ON
  cmake --build "$build" --target mpibatch mpibatch-mpi bare_loop
} >&2
commit=$(git describe --always --dirty 2> /dev/null || echo unknown)
model=$(grep -m 1 -oP 'model name\s*: \K.*' /proc/cpuinfo || uname -m)
echo "Commit $commit, $model, $(nproc) CPUs, load $(cut -d ' ' -f 1 /proc/loadavg)"
echo
MPIBATCH=$PWD/$build/mpibatch BARE_LOOP=$PWD/$build/bare_loop exec python3 -B tests/bench/launch/launch.py "$@"
