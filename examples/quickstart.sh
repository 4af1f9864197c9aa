#!/usr/bin/env bash
# Builds mpibatch and runs the genomics example on three nodes (ranks on this machine). Installs missing
# Debian packages, as root or through sudo. A second call skips what is done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source cmake/packages.sh

install_packages "${packages_build[@]}" "${packages_examples[@]}"
find_reads
allow_mpirun_as_root

[[ -e build/release/build.ninja ]] || cmake --preset release
cmake --build --preset release

mpibatch=$PWD/build/release/mpibatch
cd examples/genomics
mpirun -n 3 --oversubscribe --bind-to none "$mpibatch" run plan.json

echo
"$mpibatch" jobs
echo
cat work/result.txt
./check.sh
