#include "node/node_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <mpibatch/base/crc32c.hpp>
#include <mpibatch/base/host.hpp>
#include <mpibatch/node/launch.hpp>

namespace mpibatch::node {

namespace {

constexpr std::size_t kRunDigits = 16;  // of 32: a socket's path has 107 bytes

std::vector<std::string> bases() {
  std::vector<std::string> folders;
  const char* chosen = std::getenv("MPIBATCH_RUNTIME_DIR");
  if (chosen && *chosen == '/') folders.emplace_back(chosen);
  folders.insert(folders.end(), {"/tmp", "/dev/shm"});
  return folders;
}

std::string user_folder(const std::string& base) {
  return base + "/mpibatch-" + std::to_string(::geteuid());
}

// Empty where the folder is there, ours alone, and can be written; else what is wrong with it.
std::string fault_of(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fmt::format("cannot create '{}': {}", folder, std::strerror(errno));
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0)
    return fmt::format("cannot look at '{}': {}", folder, std::strerror(errno));
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid())
    return fmt::format("'{}' is not a folder of this user", folder);
  if ((status.st_mode & 077) != 0)
    return fmt::format("'{}' is open to other users: chmod 700 it", folder);
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return fmt::format("cannot write in '{}': {}", folder, std::strerror(errno));
  return {};
}

std::string folder_prefix(const std::string& run, const std::string& host) {
  return fmt::format("{}-{:08x}-", run.substr(0, kRunDigits), crc32c(host));
}

}  // namespace

std::string node_folder_name(const std::string& run, const model::NodeName& name) {
  return folder_prefix(run, name.host) + std::to_string(name.share);
}

Result<std::string> node_folder(const std::string& run, std::uint32_t share) {
  std::string faults;
  for (const std::string& base : bases()) {
    const std::string user = user_folder(base);
    std::string fault = fault_of(user);
    if (fault.empty()) return user + "/" + node_folder_name(run, {host_name(), share});
    faults += (faults.empty() ? "" : "; ") + fault;
  }
  return fail(ErrorKind::System, "no place for the node's own files on " + host_name() + ": " +
                                     faults +
                                     "; name another local folder in MPIBATCH_RUNTIME_DIR");
}

std::vector<std::uint32_t> shares_beyond(const std::string& run, std::uint32_t from) {
  std::vector<std::uint32_t> shares;
  const auto folder = node_folder(run, 0);
  if (!folder) return shares;
  const std::filesystem::path path(*folder);
  const std::string prefix = folder_prefix(run, host_name());
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path(), error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    std::uint32_t share = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, share);
    if (parsed.ec == std::errc() && parsed.ptr == end && share >= from) shares.push_back(share);
  }
  return shares;
}

std::string tmp_root(const std::string& base, const NodePaths& paths) {
  const std::filesystem::path folder(paths.folder);
  const std::string name = folder.filename().string() + ".tmp";
  return (base.empty() ? folder.parent_path().string() : user_folder(base)) + "/" + name;
}

Result<UniqueFd> lock_node_folder(const NodePaths& paths) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (const std::string fault = fault_of(paths.folder); !fault.empty())
      return fail(ErrorKind::System, fault);
    UniqueFd lock(::open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock && errno == ENOENT) continue;
    if (!lock) return fail_errno("cannot open '" + paths.lock() + "'", errno);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK)
        return fail(ErrorKind::Busy, "another starter holds '" + paths.lock() + "'");
      return fail_errno("cannot lock '" + paths.lock() + "'", errno);
    }
    // Its holder may have removed the folder as we opened the file: then it is nobody's lock.
    struct stat held {};
    struct stat named {};
    if (::fstat(lock.get(), &held) == 0 && ::stat(paths.lock().c_str(), &named) == 0 &&
        held.st_ino == named.st_ino && held.st_dev == named.st_dev)
      return lock;
  }
  return fail(ErrorKind::System, "'" + paths.folder + "' is removed again and again");
}

void remove_node_folder(const NodePaths& paths) {
  std::error_code ignored;
  std::filesystem::remove_all(paths.pipes(), ignored);
  // The lock goes last: until then nobody else can believe that the folder is free.
  for (const std::string& file : {paths.socket(), paths.slots(), paths.failure(), paths.lock()})
    ::unlink(file.c_str());
  ::rmdir(paths.folder.c_str());
}

}  // namespace mpibatch::node
