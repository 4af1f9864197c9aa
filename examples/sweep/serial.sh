#!/usr/bin/env bash
# What the two plans must reproduce, one option after the other, without mpibatch. Prints the grid's
# table, then the sheet's; `./serial.sh > expected.txt` records them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
command -v option_risk > /dev/null ||
  { echo "option_risk is not on PATH: it is in build/release/bin" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for style in european asian; do
  for maturity in 0.25 0.5 1; do
    for volatility in 0.1 0.2 0.3 0.4; do
      env style=$style maturity=$maturity volatility=$volatility \
        option_risk price "$work/grid/${style}_${maturity}_$volatility.csv" > "$work/log"
    done
  done
done
option_risk reduce "$work/grid" "$work/grid.csv"

while IFS=, read -r name style kind spot strike rate volatility maturity; do
  env name="$name" style="$style" kind="$kind" spot="$spot" strike="$strike" rate="$rate" \
    volatility="$volatility" maturity="$maturity" \
    option_risk price "$work/sheet/$name.csv" > "$work/log"
done < <(tail -n +2 book.csv)
option_risk reduce "$work/sheet" "$work/sheet.csv"
