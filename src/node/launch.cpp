#include <mpibatch/node/launch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/base/host.hpp>
#include <mpibatch/transport/unix_socket.hpp>

#include "node/node_folder.hpp"

namespace mpibatch::node {

std::vector<std::string> starter_arguments(const StarterOptions& options) {
  std::vector<std::string> words{"starter",
                                 "--run",
                                 options.run,
                                 "--state",
                                 options.state_folder,
                                 "--share",
                                 std::to_string(options.share),
                                 "--shares",
                                 std::to_string(options.shares),
                                 "--lease-ms",
                                 std::to_string(options.lease / std::chrono::milliseconds{1})};
  if (options.cpus_per_node) {
    words.emplace_back("--cpus-per-node");
    words.push_back(std::to_string(*options.cpus_per_node));
  }
  if (options.launched_by_mpirun) words.emplace_back("--launched-by-mpirun");
  return words;
}

Result<pid_t> launch_starter(const LaunchOptions& options) {
  std::vector<std::string> words = starter_arguments(options.starter);
  words.insert(words.begin(), options.executable);
  std::vector<std::string> variables;
  for (const auto& [name, value] : strip_mpi_variables(current_environment()))
    variables.push_back(name + "=" + value);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);

  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  for (int fd = 0; fd < 3; ++fd)
    ::posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t all;
  sigset_t none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, options.executable.c_str(), &files, &attributes,
                                  argv.data(), envp.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0)
    return fail_errno("cannot start the starter '" + options.executable + "' on " + host_name(),
                      error);
  return pid;
}

std::string failure_of_starter(const StarterOptions& options) {
  const auto folder = node_folder(options.run, options.share);
  if (!folder) return folder.error().message;
  return PosixFileSystem().read(NodePaths{*folder}.failure(), 0, 4096).value_or("");
}

Result<std::unique_ptr<transport::Link>> connect_or_launch(const LaunchOptions& options,
                                                           Duration patience) {
  const auto folder = node_folder(options.starter.run, options.starter.share);
  if (!folder) return tl::unexpected(folder.error());
  const std::string socket = NodePaths{*folder}.socket();
  const SystemClock clock;
  const Duration until = clock.awake() + patience;
  Duration pause{500};
  pid_t child = 0;
  while (true) {
    auto link = transport::connect_unix(socket);
    if (link || link.error().kind != ErrorKind::NotFound) return link;
    if (child == 0) {
      const auto launched = launch_starter(options);
      if (!launched) return tl::unexpected(launched.error());
      child = *launched;
    }
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      child = 0;  // another one was faster, or it failed
      if (!WIFEXITED(status) || WEXITSTATUS(status) != kStarterIsThere)
        return fail(ErrorKind::System,
                    fmt::format("the starter on {} ended at once: {}", host_name(),
                                failure_of_starter(options.starter)));
    }
    if (clock.awake() > until)
      return fail(ErrorKind::System,
                  fmt::format("no starter answers on {} at '{}' after {} s", host_name(), socket,
                              patience / std::chrono::seconds{1}));
    std::this_thread::sleep_for(pause);
    pause = std::min<Duration>(pause * 2, std::chrono::milliseconds{20});
  }
}

}  // namespace mpibatch::node
