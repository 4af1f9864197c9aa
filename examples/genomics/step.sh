#!/usr/bin/env bash
# One step of plan.json. Each may be killed at any moment and started again.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

# Consecutive reads stay together, so that merging the chunks in order restores the reads' order.
split_mates() {  # 1 or 2
  local lines
  lines=$(gunzip -c "$input/reads/reads_$1.fq.gz" | wc -l)
  gunzip -c "$input/reads/reads_$1.fq.gz" |
    split -l $((4 * ((lines / 4 + chunks - 1) / chunks))) -d -a 2 --additional-suffix=.fq - \
      "$work/reads.partial/mates_$1."
}

chunk() { printf %02d "$AWS_BATCH_JOB_ARRAY_INDEX"; }

# For tests of interruption: makes every step last longer.
sleep "${GENOMICS_PAUSE_SECONDS:-0}"

case ${1:-} in
  index)
    build_index
    ;;
  split)
    rm -rf "$work/reads" "$work/reads.partial"
    mkdir -p "$work/reads.partial" "$work/aligned" "$work/sorted"
    split_mates 1
    split_mates 2
    mv -T "$work/reads.partial" "$work/reads"
    ;;
  align)
    align_reads "$work/reads/mates_1.$(chunk).fq" "$work/reads/mates_2.$(chunk).fq" \
      "$work/aligned/$(chunk).bam"
    ;;
  sort)
    sort_alignments "$work/aligned/$(chunk).bam" "$work/sorted/$(chunk).bam"
    ;;
  merge)
    samtools merge --no-PG -c -p -f -O bam -o "$work/lambda.bam.partial" "$work"/sorted/??.bam
    mv "$work/lambda.bam.partial" "$work/lambda.bam"
    ;;
  call)
    call_variants "$work/lambda.bam" "$work/lambda.vcf"
    ;;
  summary)
    summarize "$work/lambda.bam" "$work/lambda.vcf" "$work/result.txt"
    cat "$work/result.txt"
    ;;
  *)
    echo "usage: step.sh index|split|align|sort|merge|call|summary" >&2
    exit 2
    ;;
esac
