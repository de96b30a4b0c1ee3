# shellcheck shell=bash
# Read by scripts/test, scripts/demo and .ci/run: which Debian or Ubuntu packages are needed and why, and how they
# get here. A line is "package: reason".

packages_to_build='
g++: the compiler (version 12 or later)
cmake: configures the build
ninja-build: runs the build
ccache: does not compile the same thing twice
libeigen3-dev: small dense algebra and views of weights
libxtensor-dev: tensors at the edges
xtl-dev: used by xtensor
libxsimd-dev: SIMD vectors
libcli11-dev: command lines of the examples
libhdf5-dev: reads NYU Depth V2 (xstitch::nyuv2)
libmatio-dev: reads its MAT files (xstitch::nyuv2)
libpng-dev: pictures (xstitch::images)
libturbojpeg0-dev: pictures (xstitch::images)
zlib1g-dev: compressed data sets (xstitch::gzip)
liblzma-dev: tables of R packages (xstitch::xz)
libpugixml-dev: annotations of Pascal VOC (xstitch::voc)
'
packages_to_test="$packages_to_build
doctest-dev: the test framework
dataset-fashion-mnist: real images for the tests of MultiFashion
libprotobuf-dev: weights of Caffe's and in ONNX files (xstitch::caffe, xstitch::onnx)
libprotoc-dev: reads the schema of those files (xstitch::caffe, xstitch::onnx)
libonnx-testdata: ONNX's own test vectors for operators
libopenmpi-dev: training over several processes (xstitch::mpi)
openmpi-bin: and starts them
protobuf-compiler: reads TensorBoard event files
python3-crc32c: and checks their checksums
"
packages_to_demo="$packages_to_build"
packages_to_bench='
libbenchmark-dev: Google Benchmark
'
packages_to_site='
doxygen: reads the comments of the headers
cmark-gfm: pages from Markdown
python3: puts them together
python3-pygments: colours code
'
packages_to_check="$packages_to_test
$packages_to_bench
clang-16: the second compiler
libclang-rt-16-dev: its sanitizers
clang-format-14: checks the format
binutils: nm and objdump, to look at symbols
python3: checks which folder includes which
pybind11-dev: networks as Python modules
python3-dev: and what those are compiled with
python3-numpy: and their arrays
pkg-config: flags for a program that CMake does not build
g++-aarch64-linux-gnu: compiles the kernels for another processor
qemu-user: and runs them
chromium: looks at reports
libmpich-dev: the second MPI
mpich: and starts its processes
"
packages_to_check_long="$packages_to_check
$packages_to_site
valgrind: reads of memory that nothing has written
clang-19: newer compilers
clang-22: and the newest
locales: other separators of numbers
g++-s390x-linux-gnu: compiles what reads files for a big-endian processor
"

# missing_packages LIST: prints the lines of the list whose package is not installed.
missing_packages() {
  local line name
  while IFS= read -r line; do
    name=${line%%:*}
    if [ -n "$name" ] && [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null || true)" != installed ]; then
      printf '%s\n' "$line"
    fi
  done <<<"$1"
}

# install_packages LIST: installs what is missing, saying what and why; without root, prints the command and ends.
install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This is not Debian or Ubuntu: install by hand what is missing of the following."
    printf '%s\n' "$1" | sed '/^$/d; s/^/  /'
    return 0
  fi
  local missing names root=()
  missing=$(missing_packages "$1")
  [ -n "$missing" ] || return 0
  echo "Missing packages:"
  printf '%s\n' "$missing" | sed 's/^/  /'
  names=$(printf '%s\n' "$missing" | cut -d: -f1 | tr '\n' ' ')
  names=${names% }
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      root=(sudo -n)
    else
      echo "Without root they cannot be installed from here. Run this, then start again:"
      echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $names"
      exit 1
    fi
  fi
  echo "Installing them with apt-get."
  local install=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends)
  # shellcheck disable=SC2086  # names are words
  "${root[@]}" apt-get update -q || echo "apt-get update failed; trying with the package lists that are here."
  # shellcheck disable=SC2086
  if ! "${install[@]}" $names; then
    echo "apt-get could not install: $names" >&2
    exit 1
  fi
}

# configure_and_build PRESET TARGET...: all targets if none is named.
configure_and_build() {
  local preset=$1
  shift
  cmake --preset "$preset"
  if [ "$#" -gt 0 ]; then
    cmake --build --preset "$preset" --parallel "$(nproc)" --target "$@"
  else
    cmake --build --preset "$preset" --parallel "$(nproc)"
  fi
}
