#!/usr/bin/env bash
# Compares the tables of both runs with the serial ones. Exit code 1, and the difference, if they differ.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=${1:-work}

for table in grid sheet; do
  if [[ ! -s $work/$table.csv ]]; then
    echo "FAILED: there is no '$work/$table.csv': has the run of $table.json ended?" >&2
    exit 1
  fi
done
if ! cat "$work/grid.csv" "$work/sheet.csv" |
  diff -u --label "expected (serial run)" --label "$work" "$here/expected.txt" - >&2; then
  echo "FAILED: the tables in '$work' differ from the serial run" >&2
  exit 1
fi
echo "OK: '$work/grid.csv' and '$work/sheet.csv' equal the serial run"
