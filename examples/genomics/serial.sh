#!/usr/bin/env bash
# What the plan must reproduce: the same tools, one after the other, over all reads at once, with
# neither chunks nor mpibatch. Prints the result; `./serial.sh > expected.txt` records it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build_index
align_reads "$input/reads/reads_1.fq.gz" "$input/reads/reads_2.fq.gz" "$work/aligned.bam"
sort_alignments "$work/aligned.bam" "$work/lambda.bam"
call_variants "$work/lambda.bam" "$work/lambda.vcf" 2> "$work/messages" ||
  { cat "$work/messages" >&2; exit 1; }
summarize "$work/lambda.bam" "$work/lambda.vcf" "$work/result.txt"
cat "$work/result.txt"
