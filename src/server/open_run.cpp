#include <mpibatch/server/open_run.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include <mpibatch/base/random.hpp>
#include <mpibatch/store/fold.hpp>
#include <mpibatch/store/run_view.hpp>

namespace mpibatch::server {

namespace {

Error busy(const store::OwnerRecord& owner, const store::StateFolder& folder) {
  return {ErrorKind::Busy,
          fmt::format("this run is going on already: rank 0 is process {} on host '{}' (state "
                      "folder {}). Watch it "
                      "with `mpibatch status --state {}`, or end that process first",
                      owner.pid, owner.host, folder.path, folder.path)};
}

// `me`: a process of the same supervisor is told that this rank 0 is gone.
Result<bool> alive(const FileSystem& files, const store::StateFolder& folder,
                   const store::OwnerRecord& owner, const store::OwnerRecord& me,
                   Duration patience) {
  switch (store::judge(owner, me, store::start_ticks_of)) {
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
  return files.rename(temporary, folder.nonce());  // proves a shared folder, not durability
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
  return alive(files, folder, owner, store::this_process(), patience);
}

Result<OpenedRun> open_run(FileSystem& files, const store::StateFolder& folder, const Clock& clock,
                           const std::string& supervisor, Duration patience) {
  if (auto made = files.make_folder(folder.path); !made) return tl::unexpected(made.error());
  OpenedRun run;
  run.owner = store::this_process();
  run.owner.supervisor = supervisor;
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

  auto folded = store::fold(files, folder);
  if (!folded) return tl::unexpected(folded.error());
  run.scheduler = std::move(folded->scheduler);
  if (auto done = store::sync_journal(files, folder, folded->stops); !done)
    return tl::unexpected(done.error());

  auto journal = store::JournalWriter::create(files, folder, run.owner.run, *epoch, folded->stops);
  if (!journal) return tl::unexpected(journal.error());
  run.journal = std::move(*journal);
  run.time = continue_time(run.scheduler.epoch(), run.owner, clock, run.waits_count_on);
  const model::EpochBegan began{*epoch, run.owner.host, run.owner.boot_id, run.time.boot_began,
                                run.time.began};
  if (auto done = run.scheduler.apply(began); !done) return tl::unexpected(done.error());
  run.journal->append(began);
  run.nonce = random_hex(32);
  if (auto done = write_nonce(files, folder, run.nonce); !done) return tl::unexpected(done.error());
  return run;
}

}  // namespace mpibatch::server
