#!/usr/bin/env bash
# What the core costs, as a table in Markdown: builds core_bench as users' programs are built (preset release) and runs it.
#   core.sh          up to 1,000,000 children or jobs
#   core.sh --long   up to 10,000,000; takes 10 minutes and 12 GB
#   core.sh --huge   and a random graph of 10,000,000 jobs: 24 GB
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in
  "") filter='/(10000|100000|1000000)/|cluster' repetitions=3 ;;
  --long) filter='/(10000|100000|1000000)/|cluster|(array|chain|fan).*/10000000/' repetitions=1 ;;
  --huge) filter='.' repetitions=1 ;;
  *)
    echo "unknown option '$1'; known: --long, --huge" >&2
    exit 2
    ;;
esac

build=build/bench
{
  cmake --preset release -B "$build" -DMPIBATCH_TESTS=ON
  cmake --build "$build" --target core_bench
} >&2
commit=$(git describe --always --dirty 2> /dev/null || echo unknown)
model=$(grep -m 1 -oP 'model name\s*: \K.*' /proc/cpuinfo || uname -m)
echo "Commit $commit, $model, $(nproc) CPUs, $(g++ --version | head -n 1), load $(cut -d ' ' -f 1 /proc/loadavg)"
echo
"$build/core_bench" --benchmark_filter="$filter" --benchmark_repetitions="$repetitions" \
  --benchmark_format=json 2> /dev/null | python3 tests/bench/core_table.py -
