#!/usr/bin/env bash
# Compares the result of a run with the serial one. Exit code 1, and the difference, if they differ.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
result=${1:-${GENOMICS_WORK:-work}}/result.txt

if [[ ! -s $result ]]; then
  echo "FAILED: there is no '$result': has the run ended?" >&2
  exit 1
fi
if ! diff -u --label "expected (serial run)" --label "$result" "$here/expected.txt" "$result" >&2; then
  echo "FAILED: '$result' differs from the serial run" >&2
  exit 1
fi
echo "OK: '$result' equals the serial run"
