#include "node/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace mpibatch::node {

namespace {

// What was made just now has this process's umask, too, and a folder may have its parent's group.
void set_mode(const std::string& path, mode_t mode) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 0777) != mode)
    ::chmod(path.c_str(), (status.st_mode & 07000) | mode);
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Those that `path` lacks, but for `given` and what is above it: a working directory that is not
// there is an error of its own. False: errno says why.
bool make_folders(const std::string& path, const std::string& given, mode_t mode) {
  const std::size_t from = path.starts_with(given + "/") ? given.size() + 1 : 1;
  for (std::size_t end = path.find('/', from); end != std::string::npos;
       end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    if (::mkdir(folder.c_str(), mode) == 0) {
      set_mode(folder, mode);
      continue;
    }
    const int why = errno;
    if (is_folder(folder)) continue;
    errno = why;
    return false;
  }
  return true;
}

UniqueFd open_once(const std::string& path, mode_t mode) {
  // Without O_NONBLOCK a FIFO that nobody reads would stop everything here.
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  UniqueFd file(::open(path.c_str(), kFlags | O_EXCL, mode));
  if (file)
    set_mode(path, mode);
  else if (errno == EEXIST)
    file.reset(::open(path.c_str(), kFlags, mode));
  if (file) ::fcntl(file.get(), F_SETFL, O_APPEND);
  return file;
}

}  // namespace

tl::expected<UniqueFd, StartFailure> open_log_file(const std::string& path,
                                                   const LogFileFor& what) {
  const auto cannot = [&](const std::string& why) {
    return tl::unexpected<StartFailure>(
        StartFailure{125, shortened("cannot open the file for its " + what.stream + " on " +
                                    what.host + ": " + why + ": '" + path + "'")});
  };
  if (path.find('\0') != std::string::npos) return cannot("its name holds a zero byte");
  const mode_t mode = 0666 & ~what.umask;
  UniqueFd file = open_once(path, mode);
  if (!file && errno == ENOENT) {
    if (!make_folders(path, what.folder, 0777 & ~what.umask)) return cannot(std::strerror(errno));
    file = open_once(path, mode);
  }
  if (!file) return cannot(std::strerror(errno));
  return file;
}

}  // namespace mpibatch::node
