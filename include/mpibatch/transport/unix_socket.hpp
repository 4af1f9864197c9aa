// Links over unix stream sockets: a u32 little-endian length before each message.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/transport/link.hpp>

namespace mpibatch::transport {

// Takes a connected stream socket.
std::unique_ptr<Link> make_unix_link(UniqueFd socket);

// NotFound if nobody listens there (any more).
Result<std::unique_ptr<Link>> connect_unix(const std::string& path);

class UnixListener {
 public:
  // Replaces a dead socket file; the caller holds the lock that makes it the only listener. Usage
  // if the path is longer than the 107 bytes a socket address has.
  static Result<std::unique_ptr<UnixListener>> listen(const std::string& path);
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  std::unique_ptr<Link> accept();  // null: nobody waits
  int descriptor() const { return socket_.get(); }

 private:
  UnixListener(UniqueFd socket, std::string path);
  UniqueFd socket_;
  std::string path_;
  std::pair<dev_t, ino_t> file_{};  // what the path named when it was ours
};

// Two ends in one process, for tests.
std::pair<std::unique_ptr<Link>, std::unique_ptr<Link>> make_unix_pair();

}  // namespace mpibatch::transport
