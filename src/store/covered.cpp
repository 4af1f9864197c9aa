// What snapshots make superfluous.
#include <algorithm>

#include <mpibatch/store/snapshot.hpp>

#include "store/journal_files.hpp"

namespace mpibatch::store {

namespace {

struct Known {
  FactNumber last;
  std::string path;
  auto operator<=>(const Known&) const = default;
};

// One that cannot be read covers nothing; one that holds more than is safe may come to nothing.
Result<std::vector<Known>> safe_snapshots(const FileSystem& files, const StateFolder& folder,
                                          FactNumber synced, const SnapshotFormat& format) {
  const auto paths = list_snapshots(files, folder);
  if (!paths) return tl::unexpected(paths.error());
  std::vector<Known> known;
  for (const std::string& path : *paths)
    if (const auto core = format.read(path); core && core->last <= synced)
      known.push_back({core->last, path});
  // Paths are numbered: of two that hold the same the newer is behind.
  std::sort(known.begin(), known.end());
  return known;
}

}  // namespace

Result<std::vector<std::string>> delete_covered(FileSystem& files, const StateFolder& folder,
                                                FactNumber synced, const SnapshotFormat& format) {
  std::vector<std::string> deleted;
  const auto known = safe_snapshots(files, folder, synced, format);
  if (!known) return tl::unexpected(known.error());
  if (known->size() < 2) return deleted;
  const Known& older = (*known)[known->size() - 2];
  // Their names survive a power loss before anything goes that they stand for.
  if (auto done = files.sync_folder(folder.snapshots()); !done) return tl::unexpected(done.error());
  const auto remove = [&](const std::string& path) {
    auto done = files.remove(path);
    if (done) deleted.push_back(path);
    return done || done.error().kind == ErrorKind::NotFound ? Result<void>{} : done;
  };
  for (std::size_t i = 0; i + 2 < known->size(); ++i)
    if (auto done = remove((*known)[i].path); !done) return tl::unexpected(done.error());
  const auto epochs = list_epochs(files, folder);
  if (!epochs) return tl::unexpected(epochs.error());
  // The oldest first: those that are left have no gap. The one that the older snapshot ends in is
  // needed for what follows; so is that of the rank 0 that asks.
  for (const model::Epoch epoch : *epochs) {
    if (epoch >= older.last.epoch || epoch >= synced.epoch) break;
    if (auto done = remove(folder.journal(epoch)); !done) return tl::unexpected(done.error());
  }
  return deleted;
}

}  // namespace mpibatch::store
