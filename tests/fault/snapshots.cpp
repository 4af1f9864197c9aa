#include "snapshots.hpp"

#include <mpibatch/base/crc32c.hpp>
#include <mpibatch/base/layout.hpp>

namespace mpibatch::fault {

namespace {

struct Content {
  store::SnapshotCore core;
  std::string scheduler;
  std::optional<store::SegmentStop> mark;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& core& scheduler& mark;
  }
};

}  // namespace

Result<store::SnapshotCore> SimulatedSnapshots::read(const std::string& path) const {
  const auto bytes = files_.read(path, 0, UINT64_MAX);
  if (!bytes) return tl::unexpected(bytes.error());
  Content content;
  std::uint32_t crc = 0;
  if (bytes->size() < 4 || !from_layout(std::string_view(*bytes).substr(0, 4), crc) ||
      crc != crc32c(std::string_view(*bytes).substr(4)) ||
      !from_layout(std::string_view(*bytes).substr(4), content))
    return fail(ErrorKind::Damaged, "'" + path + "' is not what was written");
  content.core.scheduler = std::move(content.scheduler);
  content.core.mark = content.mark;
  return std::move(content.core);
}

Result<void> SimulatedSnapshots::write(FileSystem& files, const store::StateFolder&,
                                       const store::Fold& state, const store::PlanTexts&,
                                       const std::string& path) const {
  Content content{store::core_of(state), {}, {}};
  content.scheduler = content.core.scheduler;
  content.mark = content.core.mark;
  const std::string body = to_layout(content);
  auto file = files.create_exclusive(path);
  if (!file) return tl::unexpected(file.error());
  if (auto done = (*file)->append(to_layout(crc32c(body)) + body); !done) return done;
  return (*file)->sync();
}

Result<store::Fold> fold_run(const FileSystem& files, const store::StateFolder& folder,
                             store::FactNumber upto) {
  return store::fold(files, folder, upto, SimulatedSnapshots(files));
}

Compaction::Compaction(Cluster& cluster, const std::string& title, const void* host,
                       store::FactNumber upto)
    : VirtualProcess(cluster.events, cluster.trace, title),
      cluster_(cluster),
      disk_(cluster.disk, *this, host),
      format_(disk_),
      upto_(upto) {}

void Compaction::begin() {
  trace_("{} begins, up to fact {}.{}", title(), model::number_of(upto_.epoch), upto_.number);
  later(cluster_.ms(0, 300), [this] { make(); });
}

// Two may meet, and what the one deletes the other misses; and damage stops everybody.
void Compaction::check(const std::string& what, const Error& error) {
  const bool met = error.kind == ErrorKind::Busy || error.kind == ErrorKind::NotFound;
  if (!met && !cluster_.may_be_unreadable()) throw Violation{what + ": " + error.message};
  die(error.message);
}

void Compaction::make() {
  const auto made = store::compact(disk_, cluster_.folder, {}, upto_, format_);
  if (!made) return check("no snapshot can be made", made.error());
  trace_("{} has made {}", title(), made->path);
  cluster_.tally(Seen::SnapshotMade);
  later(cluster_.ms(0, 300), [this, path = made->path] { publish(path); });
}

void Compaction::publish(const std::string& path) {
  const auto all = store::list_snapshots(disk_, cluster_.folder);
  if (!all) return check("snapshots cannot be listed", all.error());
  if (!all->empty() && all->back() == path) {
    if (const auto done = store::publish_snapshot(disk_, cluster_.folder, path); !done)
      return check("a snapshot cannot be published", done.error());
    cluster_.published = true;
  }
  later(cluster_.ms(0, 300), [this] { clear(); });
}

void Compaction::clear() {
  const auto deleted = store::delete_covered(disk_, cluster_.folder, upto_, format_);
  if (!deleted) return check("what is covered cannot be deleted", deleted.error());
  for (const std::string& path : *deleted) {
    trace_("{} has deleted {}", title(), path);
    if (path.starts_with(cluster_.folder.journal())) cluster_.tally(Seen::SegmentDeleted);
  }
  if (!deleted->empty() && !cluster_.damaged) check_spare();
  die("it is done");
}

// What is left is enough without any one of the snapshots.
void Compaction::check_spare() {
  const FileSystem& files = cluster_.disk.files();
  const auto all = store::list_snapshots(files, cluster_.folder);
  if (!all) throw Violation{"snapshots cannot be listed: " + all.error().message};
  for (const std::string& path : *all) {
    constexpr std::uint64_t kAnywhere = 20;
    cluster_.disk.flip(path, kAnywhere);
    const auto state = fold_run(files, cluster_.folder);
    cluster_.disk.flip(path, kAnywhere);
    if (!state)
      throw Violation{"without '" + path + "' the run cannot be read: " + state.error().message};
  }
}

}  // namespace mpibatch::fault
