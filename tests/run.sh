#!/usr/bin/env bash
# Builds with tests and runs them all through ctest; then the fast ones again under the address and undefined
# behaviour sanitizers, those of them that start threads under the thread sanitizer, and those with MPI under MPICH.
# Installs missing Debian packages, as root or through sudo. Ends with `N passed, N failed`; exit code 1 if any failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
source cmake/packages.sh
exec < /dev/null

install_packages "${packages_build[@]}" "${packages_tests[@]}" "${packages_examples[@]}" || exit 1
find_reads || exit 1
allow_mpirun_as_root
# What two presets compile alike is compiled once: mpich differs from dev in a few files.
export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DIR=$PWD/build/ccache CCACHE_NOHASHDIR=1
export UBSAN_OPTIONS=print_stacktrace=1 CTEST_OUTPUT_ON_FAILURE=1

passed=0
failed=0

# The number that an attribute of ctest's report has, such as `failures`.
count_of() {  # ATTRIBUTE REPORT
  grep -m 1 -oP "\b$1=\"\K[0-9]+" "$2" || echo 0
}

# A preset's tests; what cannot be built counts as one failure.
run_preset() {  # PRESET [TARGET...]
  local preset=$1 report=$PWD/build/$1/tests.xml total bad skipped
  shift
  echo "== $preset"
  if ! cmake --preset "$preset" || ! cmake --build --preset "$preset" ${1:+--target "$@"}; then
    echo "The preset '$preset' cannot be built." >&2
    failed=$((failed + 1))
    return
  fi
  rm -f "$report"
  ctest --preset "$preset" -j2 --output-junit "$report"
  if [[ ! -s $report ]]; then
    echo "ctest has left no report of the preset '$preset'." >&2
    failed=$((failed + 1))
    return
  fi
  total=$(grep -c '<testcase ' "$report")
  bad=$(count_of failures "$report")
  skipped=$(count_of skipped "$report")
  [[ $skipped -eq 0 ]] || echo "$preset: $skipped skipped"
  if [[ $total -eq 0 ]]; then bad=1; fi
  passed=$((passed + total - bad - skipped))
  failed=$((failed + bad))
}

run_preset dev
run_preset asan test_programs
run_preset tsan threaded_test_programs
if command -v mpicc.mpich > /dev/null; then
  run_preset mpich
else
  echo "There is no mpicc.mpich here: nothing is tested with MPICH." >&2
fi

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
