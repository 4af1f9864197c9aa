#include <mpibatch/store/owner.hpp>

#include <algorithm>
#include <charconv>

#include <mpibatch/base/layout.hpp>
#include <mpibatch/base/random.hpp>

#include "store/record.hpp"

namespace mpibatch::store {

namespace {

constexpr std::string_view kClaimPrefix = "owner.";

model::Epoch after(model::Epoch epoch) { return model::Epoch{model::number_of(epoch) + 1}; }

Result<OwnerRecord> read_record(const FileSystem& files, const std::string& path) {
  const auto payload = read_whole(files, path, FileKind::Owner);
  if (!payload) return tl::unexpected(payload.error());
  OwnerRecord owner;
  if (!from_layout(*payload, owner))
    return fail(ErrorKind::Damaged, "'" + path + "' does not say who owns the run");
  return owner;
}

// Linked, or its link's answer was lost on the way (NFS): then the file has both names.
Result<void> link_claim(FileSystem& files, const File& file, const std::string& temporary,
                        const std::string& claim) {
  auto linked = files.link(temporary, claim);
  if (linked || linked.error().kind != ErrorKind::Busy) return linked;
  const auto names = file.link_count();
  if (names && *names == 2) return {};
  return fail(ErrorKind::Busy,
              "another mpibatch has just taken over this run ('" + claim + "' exists): try again");
}

// The highest epoch that somebody claimed. Reading the folder opens it, and an NFS client that
// opens a folder asks the server: names that it has looked up before, and found or not found, it
// may believe for a minute otherwise.
Result<model::Epoch> highest_claim(const FileSystem& files, const StateFolder& folder) {
  const auto names = files.list(folder.path);
  if (!names) return tl::unexpected(names.error());
  std::uint32_t highest = 0;
  for (std::string_view name : *names) {
    if (!name.starts_with(kClaimPrefix)) continue;
    name.remove_prefix(kClaimPrefix.size());
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size())
      highest = std::max(highest, number);
  }
  return model::Epoch{highest};
}

}  // namespace

Result<std::optional<OwnerRecord>> read_owner(const FileSystem& files, const StateFolder& folder) {
  const auto highest = highest_claim(files, folder);
  if (!highest) return tl::unexpected(highest.error());
  std::optional<OwnerRecord> owner;
  if (*highest > model::Epoch{}) {
    auto claimed = read_record(files, folder.claim(*highest));
    if (!claimed) return tl::unexpected(claimed.error());
    owner = std::move(*claimed);
  }
  auto named = read_record(files, folder.owner());
  if (!named && named.error().kind != ErrorKind::NotFound) return tl::unexpected(named.error());
  if (named && (!owner || named->epoch > owner->epoch)) owner = std::move(*named);
  return owner;
}

OwnerState judge(const OwnerRecord& owner, const OwnerRecord& me,
                 std::uint64_t (*start_ticks_of)(std::int64_t pid)) {
  // A supervisor starts a world only after it has seen the one before end.
  if (!owner.supervisor.empty() && owner.supervisor == me.supervisor) return OwnerState::Gone;
  if (owner.boot_id.empty() || me.boot_id.empty()) return OwnerState::Unknown;
  if (owner.boot_id != me.boot_id)
    return owner.host == me.host ? OwnerState::Gone : OwnerState::Unknown;
  if (owner.pid_namespace.empty() || owner.pid_namespace != me.pid_namespace)
    return OwnerState::Unknown;
  const bool runs = owner.start_ticks != 0 && start_ticks_of(owner.pid) == owner.start_ticks;
  return runs ? OwnerState::Alive : OwnerState::Gone;
}

Result<model::Epoch> claim(FileSystem& files, const StateFolder& folder, OwnerRecord me) {
  const auto owner = read_owner(files, folder);
  if (!owner) return tl::unexpected(owner.error());
  me.epoch = after(*owner ? (*owner)->epoch : model::Epoch{});
  const std::string temporary = folder.claim(me.epoch) + "." + random_hex(16) + ".tmp";
  auto file = files.create_exclusive(temporary);
  if (!file) return tl::unexpected(file.error());
  RecordWriter records(std::move(*file), temporary);
  records.start(FileKind::Owner);
  records.append(RecordKind::Whole, to_layout(me));
  Result<void> done = records.commit();
  if (done) done = link_claim(files, records.file(), temporary, folder.claim(me.epoch));
  if (done) done = files.sync_folder(folder.path);
  if (!done) {
    (void)files.remove(temporary);
    return tl::unexpected(done.error());
  }
  // A new state folder's own name; not every parent may be opened.
  if (!*owner) (void)files.sync_folder(folder.path.substr(0, folder.path.rfind('/')) + "/");
  // Not synced: whoever reads an older `owner` goes on from it to the newer claims.
  if (done = files.rename(temporary, folder.owner()); !done) return tl::unexpected(done.error());
  return me.epoch;
}

Result<bool> superseded(const FileSystem& files, const StateFolder& folder, model::Epoch mine,
                        const std::string& run) {
  const auto highest = highest_claim(files, folder);
  if (!highest) return tl::unexpected(highest.error());
  if (*highest > mine) return true;
  const auto owner = read_record(files, folder.owner());
  if (!owner) return tl::unexpected(owner.error());
  return owner->epoch > mine || (!run.empty() && owner->run != run);
}

Result<void> raise_counter(FileSystem& files, const StateFolder& folder, model::Epoch mine,
                           std::uint64_t value) {
  return write_whole(files, folder.counter(mine), FileKind::Counter, to_layout(value), false);
}

Result<std::uint64_t> read_counter(const FileSystem& files, const StateFolder& folder,
                                   model::Epoch epoch) {
  const auto payload = read_whole(files, folder.counter(epoch), FileKind::Counter);
  std::uint64_t value = 0;
  if (payload && from_layout(*payload, value)) return value;
  if (payload || payload.error().kind == ErrorKind::NotFound ||
      payload.error().kind == ErrorKind::Damaged)
    return 0;
  return tl::unexpected(payload.error());
}

}  // namespace mpibatch::store
