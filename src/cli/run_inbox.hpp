// Requests that waited for a rank 0: applied before a run decides what there is to do.
#pragma once

#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/server/open_run.hpp>
#include <mpibatch/store/request.hpp>

namespace mpibatch::cli {

struct Inbox {
  std::vector<store::Request> applied;  // to be removed once the journal is committed
  std::vector<std::string> lines;       // for the user
};

// Appends what follows to the journal, uncommitted.
Result<Inbox> apply_inbox(FileSystem& files, const store::StateFolder& folder,
                          server::OpenedRun& run);

}  // namespace mpibatch::cli
