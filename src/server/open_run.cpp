#include <mpibatch/server/open_run.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include <mpibatch/base/host.hpp>
#include <mpibatch/base/random.hpp>

namespace mpibatch::server {

namespace {

std::string pid_namespace() {
  std::array<char, 64> name{};
  const ssize_t size = ::readlink("/proc/self/ns/pid", name.data(), name.size());
  return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : std::string();
}

store::OwnerRecord myself(const std::string& supervisor) {
  store::OwnerRecord me;
  me.host = host_name();
  me.boot_id = boot_id();
  me.pid_namespace = pid_namespace();
  me.pid = ::getpid();
  me.start_ticks = process_start_ticks(::getpid());
  me.supervisor = supervisor;
  return me;
}

Error busy(const store::OwnerRecord& owner, const store::StateFolder& folder) {
  return {ErrorKind::Busy,
          fmt::format("this run is going on already: rank 0 is process {} on host '{}' (state "
                      "folder {}). Watch it "
                      "with `mpibatch status --state {}`, or end that process first",
                      owner.pid, owner.host, folder.path, folder.path)};
}

// A zombie that nobody collects still has a start time; it is gone all the same.
std::uint64_t start_ticks_of(std::int64_t pid) {
  const auto ticks = process_start_ticks(static_cast<int>(pid));
  return ticks != 0 && process_runs(static_cast<int>(pid), ticks) ? ticks : 0;
}

// `me`: a process of the same supervisor is told that this rank 0 is gone.
Result<bool> alive(const FileSystem& files, const store::StateFolder& folder,
                   const store::OwnerRecord& owner, const store::OwnerRecord& me,
                   Duration patience) {
  switch (store::judge(owner, me, start_ticks_of)) {
    case store::OwnerState::Gone:
      return false;
    case store::OwnerState::Alive:
      return true;
    case store::OwnerState::Unknown:
      break;
  }
  const auto before = store::read_counter(files, folder, owner.epoch);
  if (!before) return tl::unexpected(before.error());
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const auto after = store::read_counter(files, folder, owner.epoch);
    if (!after) return tl::unexpected(after.error());
    if (*after != *before) return true;
  }
  return false;
}

Result<void> write_nonce(FileSystem& files, const store::StateFolder& folder,
                         const std::string& nonce) {
  const std::string temporary = folder.nonce() + "." + random_hex(8) + ".tmp";
  auto file = files.create_exclusive(temporary);
  if (!file) return tl::unexpected(file.error());
  if (auto done = (*file)->append(nonce); !done) return done;
  if (auto done = (*file)->sync(); !done) return done;
  return files.rename(temporary, folder.nonce());
}

RunTime continue_time(const model::EpochBegan& last, const store::OwnerRecord& me,
                      const Clock& clock, bool& same_boot) {
  const Duration boot = clock.boot();
  same_boot = model::number_of(last.epoch) > 0 && !me.boot_id.empty() && last.boot_id == me.boot_id;
  if (same_boot) return {last.now + (boot - last.boot_time), boot};
  return {std::max(Instant{clock.wall()}, last.now), boot};
}

}  // namespace

Result<bool> rank_0_alive(const FileSystem& files, const store::StateFolder& folder,
                          const store::OwnerRecord& owner, Duration patience) {
  return alive(files, folder, owner, myself({}), patience);
}

Result<OpenedRun> open_run(FileSystem& files, const store::StateFolder& folder, const Clock& clock,
                           const std::string& supervisor, Duration patience) {
  if (auto made = files.make_folder(folder.path); !made) return tl::unexpected(made.error());
  OpenedRun run;
  run.owner = myself(supervisor);
  const auto owner = store::read_owner(files, folder);
  if (!owner) return tl::unexpected(owner.error());
  if (*owner) {
    const auto held = alive(files, folder, **owner, run.owner, patience);
    if (!held) return tl::unexpected(held.error());
    if (*held) return tl::unexpected(busy(**owner, folder));
    run.existed = true;
    run.owner.run = (*owner)->run;
  } else {
    run.owner.run = random_hex(32);
  }
  const auto epoch = store::claim(files, folder, run.owner);
  if (!epoch) return tl::unexpected(epoch.error());
  run.owner.epoch = *epoch;

  Result<void> applied;
  const auto read =
      store::read_journal(files, folder, {}, [&](store::FactNumber, const model::Fact& fact) {
        if (applied) applied = run.scheduler.apply(fact);
      });
  if (!read) return tl::unexpected(read.error());
  if (!applied) return tl::unexpected(applied.error());
  if (auto done = store::sync_journal(files, folder, read->stops); !done)
    return tl::unexpected(done.error());

  auto journal = store::JournalWriter::create(files, folder, run.owner.run, *epoch, read->stops);
  if (!journal) return tl::unexpected(journal.error());
  run.journal = std::move(*journal);
  run.time = continue_time(run.scheduler.epoch(), run.owner, clock, run.waits_count_on);
  const model::EpochBegan began{*epoch, run.owner.host, run.owner.boot_id, run.time.boot_began,
                                run.time.began};
  if (auto done = run.scheduler.apply(began); !done) return tl::unexpected(done.error());
  run.journal->append(began);
  if (auto done = run.journal->commit(); !done) return tl::unexpected(done.error());
  run.nonce = random_hex(32);
  if (auto done = write_nonce(files, folder, run.nonce); !done) return tl::unexpected(done.error());
  return run;
}

}  // namespace mpibatch::server
