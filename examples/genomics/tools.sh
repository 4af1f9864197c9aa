# What the plan's steps and the serial run share: where things are, and how each tool is called.
# A result appears under its name whole or not at all: it is written beside and renamed.
input=${BOWTIE2_EXAMPLES:-/usr/share/doc/bowtie2/examples}
work=${GENOMICS_WORK:-work}
chunks=16

if [[ ! -e $input/reads/reads_1.fq.gz ]]; then
  echo "the lambda phage's reads are not in '$input': install the Debian package bowtie2-examples," \
    "or set BOWTIE2_EXAMPLES to the folder that holds its reads/ and reference/" >&2
  exit 1
fi

build_index() {
  rm -rf "$work/index" "$work/index.partial"
  mkdir -p "$work/index.partial"
  gunzip -c "$input/reference/lambda_virus.fa.gz" > "$work/index.partial/lambda.fa"
  samtools faidx "$work/index.partial/lambda.fa"
  bowtie2-build --quiet "$work/index.partial/lambda.fa" "$work/index.partial/lambda"
  mv -T "$work/index.partial" "$work/index"
}

align_reads() {  # FIRST_MATES SECOND_MATES OUT.bam
  bowtie2 --quiet -p 1 --rg-id lambda --rg SM:lambda -x "$work/index/lambda" -1 "$1" -2 "$2" |
    samtools view --no-PG -b -o "$3.partial" -
  mv "$3.partial" "$3"
}

sort_alignments() {  # IN.bam OUT.bam
  samtools sort --no-PG -T "${TMPDIR:-/tmp}/sort.$$" -O bam -o "$2.partial" "$1"
  mv "$2.partial" "$2"
}

call_variants() {  # IN.bam OUT.vcf
  bcftools mpileup --no-version -Ou -f "$work/index/lambda.fa" "$1" |
    bcftools call --no-version -mv --ploidy 1 -Ov -o "$2.partial"
  mv "$2.partial" "$2"
}

# The checksum is of the calls alone: headers name paths.
summarize() {  # IN.bam IN.vcf OUT.txt
  local mates aligned
  mates=$(samtools view -c -F 0x900 "$1")
  aligned=$(samtools view -c -F 0x904 "$1")
  {
    echo "mates           $mates"
    echo "aligned         $aligned"
    echo "aligned_percent $(awk "BEGIN {printf \"%.2f\", 100 * $aligned / $mates}")"
    echo "variants        $(grep -vc '^#' "$2")"
    echo "calls_sha256    $(grep -v '^#' "$2" | sha256sum | cut -d ' ' -f 1)"
  } > "$3.partial"
  mv "$3.partial" "$3"
}
