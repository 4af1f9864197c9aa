// The submitting shell's environment, folder, umask and limits, kept in the state folder's
// `environment` (mode 0600: it may hold secrets) for attempts on every node and in every epoch.
// Layout: record.hpp, one record, protocol::Surroundings' fields.
#pragma once

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/protocol/frames.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

// Replaces what was there. Not synced: each run captures its own.
Result<void> save_surroundings(FileSystem& files, const StateFolder& folder,
                               const protocol::Surroundings& surroundings);
// NotFound if none were saved, Damaged if the file is not what was written.
Result<protocol::Surroundings> load_surroundings(const FileSystem& files,
                                                 const StateFolder& folder);

}  // namespace mpibatch::store
