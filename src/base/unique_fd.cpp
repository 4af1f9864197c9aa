#include <mpibatch/base/unique_fd.hpp>

#include <unistd.h>

namespace mpibatch {

void UniqueFd::reset(int fd) {
  // Linux has freed the number whatever close says: trying again could close somebody else's.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace mpibatch
