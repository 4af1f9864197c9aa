// Opens the files that an attempt's output goes to.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

#include <mpibatch/base/unique_fd.hpp>

#include "node/command.hpp"

namespace mpibatch::node {

struct LogFileFor {
  std::string stream;       // "stdout", for messages
  std::string folder;       // the attempt's working directory; it is not made
  std::uint32_t umask = 0;  // the run's
  std::string host;
};

// For appending, never truncated: an attempt goes on where the one before it ended. A file that is
// not there is made, with its folders. `path` is absolute.
tl::expected<UniqueFd, StartFailure> open_log_file(const std::string& path, const LogFileFor& what);

}  // namespace mpibatch::node
