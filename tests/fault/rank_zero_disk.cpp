// What a rank 0 does with the disk while it runs: commits, snapshots, the inbox.
#include "rank_zero.hpp"
#include "support/scheduler_check.hpp"

namespace mpibatch::fault {

namespace {

constexpr Duration kInboxEvery = std::chrono::milliseconds{500};

}  // namespace

bool RankZero::wait_for_disk(Step step) {
  if (events_.now() >= disk_hangs_until_) return false;
  cluster_.tally(Seen::DiskHung);
  later(disk_hangs_until_ - events_.now(), std::move(step));
  return true;
}

Duration RankZero::notice() {
  const bool late = cluster_.faults && cluster_.random.chance(20);
  return cluster_.random.skewed(Duration{0}, late ? cluster_.settings.lease * 2 : Duration{3000});
}

void RankZero::commit() {
  if (wait_for_disk([this] { commit(); })) return;
  disk_.defer_syncs(true);
  const auto written = disk_fails_ ? fail(ErrorKind::System, "the disk fails") : journal_->commit();
  disk_.defer_syncs(false);
  if (doomed(Doom::BeforeSync)) return die("before a fact is safe");
  if (doomed(Doom::PowerLoss)) return cluster_.power_loss(host_);
  if (!written) {
    disk_failed_ = true;
    cluster_.tally(Seen::DiskFailed);
    return break_off(written.error().message);
  }
  later(cluster_.random.skewed(Duration{100}, cluster_.settings.sync_max),
        [this, facts = *written - own_facts_] { synced(facts); });
}

void RankZero::synced(std::uint64_t facts) {
  if (wait_for_disk([this, facts] { synced(facts); })) return;
  if (const Result<void> done = disk_.finish_syncs(); !done)
    throw Violation{"a sync fails: " + done.error().message};
  if (doomed(Doom::Sleep)) {
    sleep();
    return enter([this, facts] { synced(facts); });
  }
  if (stop_if_superseded()) return;
  cluster_.history->committed(me_.epoch, own_facts_ + facts);
  for (; committed_ < facts; ++committed_) {
    if (const auto applied = shadow_.apply(uncommitted_.front()); !applied)
      throw Violation{"a committed fact does not apply: " + applied.error().message};
    uncommitted_.pop_front();
  }
  if (doomed(Doom::AfterSync)) return die("with a fact safe and nobody told");
  // It may be stopped here, or die, with the facts safe and nobody told.
  later(notice(), [this, facts] { commit_known(facts); });
}

void RankZero::commit_known(std::uint64_t facts) {
  committing_ = false;
  if (result_) return;
  checkpoint();
  if (uncommitted_.empty() && !broken_off_) compare();
  remove_requests(facts);
  coordinator_->committed(facts, now());
  pump();
  if (cluster_.random.chance(30)) compact();
}

void RankZero::compact() {
  if (!alive() || !running() || committed_ == 0 || (compaction_ && compaction_->alive())) return;
  if (compaction_) older_compactions_.push_back(std::move(compaction_));
  compaction_ = std::make_unique<Compaction>(cluster_, "compaction of " + title(), &host_,
                                             store::FactNumber{me_.epoch, own_facts_ + committed_});
  compaction_->begin();
}

// All that it has decided is committed.
void RankZero::compare() {
  const scheduler::Scheduler& live = coordinator_->scheduler();
  cluster_.tally(Seen::StateCompared);
  if (live.held_by_failures()) cluster_.tally(Seen::FailuresHeld);
  if (live.counts()[model::ChildState::Skipped] > 0) cluster_.tally(Seen::Skipped);
  if (std::string wrong = testing::inconsistency(live); !wrong.empty())
    throw Violation{"the live state is inconsistent: " + wrong};
  if (live.save() != shadow_.save())
    throw Violation{"the live state is not what its facts say: " +
                    testing::difference(live, shadow_)};
  if (std::string wrong = ledger_.difference(live); !wrong.empty())
    throw Violation{"the live state breaks a rule: " + wrong};
  if (cluster_.published && !cluster_.disk.files().exists(cluster_.folder.state()))
    throw Violation{"there was a state.h5, and there is none any more"};
  if (cluster_.random.chance(50)) compare_with_disk();
}

void RankZero::compare_with_disk() {
  const auto folded = fold_run(disk_, cluster_.folder);
  if (!folded && cluster_.may_be_unreadable()) return;
  if (!folded) throw Violation{"the journal cannot be read: " + folded.error().message};
  cluster_.tally(Seen::DiskCompared);
  if (folded->scheduler.save() != coordinator_->scheduler().save() && !stop_if_superseded())
    throw Violation{"the journal's fold is not the live state"};
}

// ---- requests

void RankZero::look_into_inbox() {
  if (result_) return;
  std::vector<std::string> damaged;
  const auto requests = store::read_requests(disk_, cluster_.folder, damaged);
  if (requests)
    for (const store::Request& request : *requests) {
      apply(request);
      if (!alive() || result_) return;
    }
  later(kInboxEvery, [this] { look_into_inbox(); });
}

void RankZero::apply(const store::Request& request) {
  const scheduler::Scheduler& core = coordinator_->scheduler();
  if (core.request_known(request.id)) {
    if (pending_.empty() && committed_ > 0)
      (void)store::remove_request(disk_, cluster_.folder, request);
    return;
  }
  const auto event = store::event_of(request, core);
  if (!event) {
    trace_("{}: {}", title(), event.error().message);
    (void)store::remove_request(disk_, cluster_.folder, request);
    return;
  }
  if (!coordinator_->request(*event, now())) return;
  pump();
  if (core.request_known(request.id)) pending_.emplace_back(appended_, request);
}

void RankZero::remove_requests(std::uint64_t committed) {
  for (const auto& [after, request] : pending_)
    if (after <= committed) (void)store::remove_request(disk_, cluster_.folder, request);
  std::erase_if(pending_, [&](const auto& pending) { return pending.first <= committed; });
}

}  // namespace mpibatch::fault
