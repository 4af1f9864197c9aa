#include <mpibatch/transport/unix_socket.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include <mpibatch/base/check.hpp>
#include "transport/unix_link.hpp"

namespace mpibatch::transport {

namespace {

constexpr int kBacklog = 64;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::Usage,
                fmt::format("the socket path '{}' has {} bytes; 1 to {} are possible", path,
                            path.size(), sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

UniqueFd new_socket() {
  return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

}  // namespace

std::unique_ptr<Link> make_unix_link(UniqueFd socket) {
  return std::make_unique<UnixLink>(std::move(socket));
}

Result<std::unique_ptr<Link>> connect_unix(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(address.error());
  UniqueFd socket = new_socket();
  if (!socket) return fail_errno("cannot make a unix socket", errno);
  int rc = 0;
  do {
    rc = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  } while (rc != 0 && errno == EINTR);
  if (rc == 0) return make_unix_link(std::move(socket));
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
    return fail(ErrorKind::NotFound, fmt::format("nobody listens at '{}'", path));
  if (errno == EAGAIN)
    return fail(ErrorKind::Busy,
                fmt::format("too many connections wait at '{}': try again later", path));
  return fail_errno(fmt::format("cannot connect to '{}'", path), errno);
}

UnixListener::UnixListener(UniqueFd socket, std::string path)
    : socket_(std::move(socket)), path_(std::move(path)) {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0) file_ = {status.st_dev, status.st_ino};
}

Result<std::unique_ptr<UnixListener>> UnixListener::listen(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(address.error());
  UniqueFd socket = new_socket();
  if (!socket) return fail_errno("cannot make a unix socket", errno);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode))
      return fail(
          ErrorKind::Busy,
          fmt::format("'{}' exists and is no socket: remove it, or use another path", path));
    ::unlink(path.c_str());
  }
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return fail_errno(fmt::format("cannot listen at '{}'", path), errno);
  if (::listen(socket.get(), kBacklog) != 0)
    return fail_errno(fmt::format("cannot listen at '{}'", path), errno);
  return std::unique_ptr<UnixListener>(new UnixListener(std::move(socket), path));
}

UnixListener::~UnixListener() {
  // A successor may have taken the path already: only the own file goes.
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0 && file_ == std::pair{status.st_dev, status.st_ino})
    ::unlink(path_.c_str());
}

std::unique_ptr<Link> UnixListener::accept() {
  while (true) {
    UniqueFd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (peer) return make_unix_link(std::move(peer));
    // A caller that hung up while it waited is skipped; with none left there is nobody.
    if (errno != EINTR && errno != ECONNABORTED) return nullptr;
  }
}

std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> make_unix_pair() {
  int ends[2] = {-1, -1};
  MPIBATCH_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  return {make_unix_link(UniqueFd(ends[0])), make_unix_link(UniqueFd(ends[1]))};
}

}  // namespace mpibatch::transport
