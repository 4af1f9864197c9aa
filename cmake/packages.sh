# shellcheck shell=bash disable=SC2034
# For scripts: the Debian packages of the project. Installs what is missing, as root or through sudo; where
# neither is possible, says what to install. Sourced from the repository's root.

packages_build=(g++ cmake ninja-build pkg-config libopenmpi-dev openmpi-bin libhwloc-dev libhdf5-dev
  libboost-serialization-dev nlohmann-json3-dev libcli11-dev libspdlog-dev libfmt-dev libexpected-dev
  libyaml-cpp-dev)
packages_tests=(ccache libgtest-dev libbenchmark-dev mpich libmpich-dev python3 python3-h5py hdf5-tools iproute2
  util-linux procps)
packages_examples=(bowtie2 bowtie2-examples samtools bcftools)

# install_packages PACKAGE...
install_packages() {
  if ! command -v dpkg-query > /dev/null; then
    echo "This is no Debian: taking for granted what these packages hold: $*" >&2
    return 0
  fi
  local package missing=() root=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] ||
      missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo > /dev/null; then
      echo "These packages are missing, and this user cannot install them. As root:" >&2
      echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
      return 1
    fi
    root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  "${root[@]}" apt-get update -qq &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends "${missing[@]}" > /dev/null
}

# Slim container images leave out /usr/share/doc, where bowtie2-examples keeps its reads: then the package
# is unpacked below build/, and BOWTIE2_EXAMPLES says so to the genomics example.
find_reads() {
  local reads=reads/reads_1.fq.gz place=$PWD/build/bowtie2-examples
  local unpacked=$place/usr/share/doc/bowtie2/examples
  [[ ! -e ${BOWTIE2_EXAMPLES:-/usr/share/doc/bowtie2/examples}/$reads ]] || return 0
  if [[ ! -e $unpacked/$reads ]]; then
    echo "This machine leaves out /usr/share/doc: unpacking the reads of bowtie2-examples in" \
      "build/bowtie2-examples"
    rm -rf "$place"
    mkdir -p "$place"
    (cd "$place" && apt-get download -qq bowtie2-examples 2> /dev/null &&
      dpkg-deb -x bowtie2-examples_*.deb .) ||
      { echo "cannot download the package bowtie2-examples" >&2; return 1; }
  fi
  export BOWTIE2_EXAMPLES=$unpacked
}

# Open MPI refuses to run as root unless told twice.
allow_mpirun_as_root() {
  [[ $(id -u) -ne 0 ]] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
}
