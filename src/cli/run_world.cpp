#include "cli/run_world.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace mpibatch::cli {

namespace {

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// How many ranks there are; empty: a launcher that does not say, or none.
std::string_view rank_count() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* count = std::getenv(name)) return count;
  return {};
}

bool runnable(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

}  // namespace

bool started_as_rank() { return !rank_count().empty() || std::getenv("PMIX_RANK") != nullptr; }

bool started_as_one_of_several() { return started_as_rank() && rank_count() != "1"; }

std::string own_executable() {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size))
                  : std::string("mpibatch");
}

// Built: both stand in one folder. Installed: bin/mpibatch and libexec/mpibatch/mpibatch-mpi.
Error become_mpi(const std::vector<std::string>& arguments) {
  const std::string folder = folder_of(own_executable());
  for (const std::string& path :
       {folder + "/mpibatch-mpi", folder_of(folder) + "/libexec/mpibatch/mpibatch-mpi"}) {
    if (!runnable(path)) continue;
    std::vector<std::string> words = arguments;
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(path.c_str(), argv.data());
    return {ErrorKind::System, fmt::format("cannot run '{}': {}", path, std::strerror(errno))};
  }
  return {ErrorKind::NotFound, fmt::format("started by mpirun, but mpibatch-mpi is neither in "
                                           "'{0}' nor in '{1}/libexec/mpibatch': install "
                                           "it, or run without mpirun on this host alone",
                                           folder, folder_of(folder))};
}

std::string mpibatch_executable() {
  const std::string own = own_executable();
  if (own.substr(own.rfind('/') + 1) != "mpibatch-mpi") return own;
  const std::string folder = folder_of(own);
  if (const std::string built = folder + "/mpibatch"; runnable(built)) return built;
  return folder_of(folder_of(folder)) + "/bin/mpibatch";
}

}  // namespace mpibatch::cli
