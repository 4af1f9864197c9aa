# Finds every library, in any prefix of CMAKE_PREFIX_PATH or PKG_CONFIG_PATH, and lists all missing ones at once.
find_package(PkgConfig REQUIRED)
set(MPIBATCH_MISSING "")

# Makes the interface target mpibatch_dep_<name> from the first pkg-config name that exists.
function(mpibatch_pkg_config name debian)
  pkg_search_module(${name} QUIET IMPORTED_TARGET ${ARGN})
  if(${name}_FOUND)
    add_library(mpibatch_dep_${name} INTERFACE)
    target_link_libraries(mpibatch_dep_${name} INTERFACE PkgConfig::${name})
  else()
    mpibatch_missing("${ARGV2}" ${debian})
  endif()
endfunction()

# Makes the interface target mpibatch_dep_<name> from a CMake package's target.
function(mpibatch_package name debian target)
  find_package(${ARGN} QUIET)
  if(TARGET ${target})
    add_library(mpibatch_dep_${name} INTERFACE)
    target_link_libraries(mpibatch_dep_${name} INTERFACE ${target})
  else()
    list(GET ARGN 0 package)
    mpibatch_missing(${package} ${debian})
  endif()
endfunction()

macro(mpibatch_missing what debian)
  set(MPIBATCH_MISSING "${MPIBATCH_MISSING}\n  ${what} (Debian: ${debian})" PARENT_SCOPE)
endmacro()

macro(mpibatch_find_all)
  # `hdf5` is the MPI build on Debian: the serial one comes first.
  mpibatch_pkg_config(hdf5 libhdf5-dev hdf5-serial hdf5)
  mpibatch_pkg_config(hwloc libhwloc-dev hwloc)
  mpibatch_package(mpi libopenmpi-dev MPI::MPI_C MPI COMPONENTS C)
  mpibatch_package(boost libboost-serialization-dev Boost::serialization Boost 1.74 COMPONENTS serialization)
  mpibatch_package(json nlohmann-json3-dev nlohmann_json::nlohmann_json nlohmann_json 3.11)
  mpibatch_package(cli11 libcli11-dev CLI11::CLI11 CLI11)
  mpibatch_package(fmt libfmt-dev fmt::fmt fmt)
  mpibatch_package(spdlog libspdlog-dev spdlog::spdlog spdlog)
  mpibatch_package(expected libexpected-dev tl::expected tl-expected)
  mpibatch_package(threads libc6-dev Threads::Threads Threads)
  if(MPIBATCH_TESTS)
    mpibatch_package(gtest libgtest-dev GTest::gtest_main GTest)
  endif()
endmacro()

enable_language(C)
mpibatch_find_all()
if(MPIBATCH_MISSING)
  message(FATAL_ERROR "These libraries are missing:${MPIBATCH_MISSING}\n"
    "Install them, or name where they are: -DCMAKE_PREFIX_PATH='/opt/a;/opt/b' (pkg-config: PKG_CONFIG_PATH).")
endif()
