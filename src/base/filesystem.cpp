#include <mpibatch/base/filesystem.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <mpibatch/base/unique_fd.hpp>

namespace mpibatch {
namespace {

constexpr std::size_t kReadChunk = std::size_t{64} * 1024;

std::string tried(const char* verb, const std::string& path) {
  return std::string("cannot ") + verb + " '" + path + "'";
}

int open_retrying(const std::string& path, int flags, mode_t mode = 0) {
  int fd = -1;
  do fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return fd;
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR) {
        return fail_errno(tried("write to", path_), errno);
      }
    }
    return {};
  }

  Result<void> sync() override {
    // Not even EINTR is tried again: the kernel may have dropped the pages and call the next one a
    // success.
    if (::fdatasync(fd_.get()) != 0) return fail_errno(tried("sync", path_), errno);
    return {};
  }

  Result<std::uint64_t> link_count() const override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) == 0) return status.st_nlink;
    if (errno == ESTALE) return 0;  // how NFS says that another host deleted it
    return fail_errno(tried("look at", path_), errno);
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

// Folders are synced whole: fdatasync may leave a new name out.
Result<void> sync_opened(const std::string& path, int flags, int (*sync)(int)) {
  const UniqueFd fd(open_retrying(path, O_RDONLY | flags));
  if (!fd) return fail_errno(tried("open", path), errno);
  if (sync(fd.get()) != 0) return fail_errno(tried("sync", path), errno);
  return {};
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<std::string> read_up_to(int fd, const std::string& path, std::uint64_t offset,
                               std::uint64_t size_max) {
  std::string bytes;
  struct stat status {};
  std::uint64_t expected = kReadChunk;
  if (::fstat(fd, &status) == 0 && status.st_size > 0) {
    const auto size = static_cast<std::uint64_t>(status.st_size);
    expected = (size > offset ? size - offset : 0) + 1;  // one more finds the end at once
  }
  while (bytes.size() < size_max) {
    const std::size_t had = bytes.size();
    const std::uint64_t wanted = had < expected ? expected - had : kReadChunk;
    bytes.resize(had + std::min(wanted, size_max - had));
    const ssize_t got = ::read(fd, bytes.data() + had, bytes.size() - had);
    const int error_number = errno;
    bytes.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
    if (got < 0 && error_number != EINTR) return fail_errno(tried("read", path), error_number);
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::create_exclusive(const std::string& path) {
  UniqueFd fd(open_retrying(path, O_CREAT | O_EXCL | O_WRONLY | O_APPEND, 0600));
  if (!fd) return fail_errno(tried("create", path), errno);
  return std::make_unique<PosixFile>(std::move(fd), path);
}

Result<std::string> PosixFileSystem::read(const std::string& path, std::uint64_t offset,
                                          std::uint64_t size_max) const {
  const UniqueFd fd(open_retrying(path, O_RDONLY));
  if (!fd) return fail_errno(tried("open", path), errno);
  // Pipes (`--tasks <(command)`) cannot seek and need not.
  if (offset > 0 && ::lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
    return fail_errno(tried("read", path), errno);
  return read_up_to(fd.get(), path, offset, size_max);
}

Result<void> PosixFileSystem::sync_file(const std::string& path) {
  return sync_opened(path, 0, ::fdatasync);
}

Result<void> PosixFileSystem::sync_folder(const std::string& path) {
  return sync_opened(path, O_DIRECTORY, ::fsync);
}

Result<void> PosixFileSystem::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0)
    return fail_errno(tried("link", from) + " to '" + to + "'", errno);
  return {};
}

Result<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return fail_errno(tried("rename", from) + " to '" + to + "'", errno);
  return {};
}

Result<void> PosixFileSystem::remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return fail_errno(tried("remove", path), errno);
  return {};
}

Result<void> PosixFileSystem::make_folder(const std::string& path) {
  // Parents are looked at before they are made: automounters refuse mkdir for folders that exist.
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (!is_folder(part) && ::mkdir(part.c_str(), 0700) != 0) {
      const int error_number = errno;
      // Another process may just have made it.
      if (error_number != EEXIST) return fail_errno(tried("make folder", part), error_number);
      if (!is_folder(part)) return fail_errno(tried("make folder", part), ENOTDIR);
    }
    if (end == std::string::npos) return {};
  }
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& folder) const {
  DIR* opened = ::opendir(folder.c_str());
  if (opened == nullptr && errno == ENOENT) return std::vector<std::string>{};
  if (opened == nullptr) return fail_errno(tried("list", folder), errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> closes(opened, ::closedir);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(opened);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return fail_errno(tried("list", folder), errno);
  std::sort(names.begin(), names.end());
  return names;
}

bool PosixFileSystem::exists(const std::string& path) const {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace mpibatch
