// How a rank 0 takes over, in the order of server::open_run, with time passing between its steps.
#include <algorithm>

#include "rank_zero.hpp"
#include "support/scheduler_check.hpp"

namespace mpibatch::fault {

void RankZero::begin() {
  later(cluster_.ms(0, 300), [this] { claim(); });
}

void RankZero::claim() {
  me_.run = kRun;
  me_.host = host_.name;
  me_.boot_id = host_.boot_id();
  me_.pid = 1;
  const auto epoch = store::claim(disk_, cluster_.folder, me_);
  if (!epoch) {
    if (epoch.error().kind != ErrorKind::Busy)
      throw Violation{"the run cannot be claimed: " + epoch.error().message};
    return die(epoch.error().message);
  }
  me_.epoch = *epoch;
  trace_("{} has claimed epoch {}", title(), model::number_of(*epoch));
  later(cluster_.ms(0, 200), [this] { read(); });
}

// Damage stops whoever meets it, until somebody restores the file.
bool RankZero::unreadable(const std::string& what, const Error& error) {
  if (!cluster_.may_be_unreadable() || error.kind != ErrorKind::Damaged)
    throw Violation{what + ": " + error.message};
  cluster_.tally(Seen::DamageMet);
  die(error.message);
  return true;
}

void RankZero::read() {
  auto read = fold_run(disk_, cluster_.folder);
  if (!read) {
    (void)unreadable("the journal cannot be read", read.error());
    return;
  }
  stops_ = read->stops;
  core_ = std::move(read->scheduler);
  trace_("{} has folded {} facts{}", title(), read->facts,
         read->snapshot.empty() ? "" : " from " + read->snapshot + " on");
  if (!read->snapshot.empty()) cluster_.tally(Seen::FoldedFromSnapshot);
  ledger_ = cluster_.history->ledger(stops_, store::kLastFact);
  if (std::string wrong = ledger_.difference(core_); !wrong.empty())
    throw Violation{"a folded state breaks a rule: " + wrong};
  fold_checks(core_.save());
  later(cluster_.ms(0, 200), [this] {
    sync_older();
    later(cluster_.ms(0, 200), [this] {
      // What it folded may hold a later epoch already.
      if (stop_if_superseded()) return;
      create_segment();
      // Its stops hold from here on, whatever this rank 0 comes to; unless a later one was faster.
      if (stop_if_superseded()) return;
      cluster_.history->settled(stops_);
      later(cluster_.ms(0, 200), [this] { adopt(); });
    });
  });
}

// A loaded state is the state: it saves alike and decides alike.
void RankZero::fold_checks(const std::string& saved) {
  auto loaded = scheduler::Scheduler::load(saved);
  if (!loaded) throw Violation{"a saved state does not load: " + loaded.error().message};
  if (loaded->save() != saved) throw Violation{"a loaded state saves differently"};
  if (std::string wrong = testing::inconsistency(core_); !wrong.empty())
    throw Violation{"a folded state is inconsistent: " + wrong};
  if (auto again = fold_run(disk_, cluster_.folder); again && again->scheduler.save() == saved) {
    model::EpochBegan next = core_.epoch();
    next.epoch = model::Epoch{model::number_of(next.epoch) + 1};
    if (!again->scheduler.apply(next) || !loaded->apply(next))
      throw Violation{"no epoch can begin after what was folded"};
    if (again->scheduler.decide({}) != loaded->decide({}))
      throw Violation{"a loaded state decides differently"};
  }
  if (cluster_.random.chance(500)) core_ = std::move(*scheduler::Scheduler::load(saved));
}

void RankZero::sync_older() {
  if (const auto done = store::sync_journal(disk_, cluster_.folder, stops_); !done)
    throw Violation{"the journal cannot be synced: " + done.error().message};
}

void RankZero::commit_own(const char* what) {
  if (doomed(Doom::BeforeSync) || doomed(Doom::PowerLoss)) die_here();
  if (const auto done = journal_->commit(); !done)
    throw Violation{fmt::format("{} cannot be committed: {}", what, done.error().message)};
  if (doomed(Doom::AfterSync) || doomed(Doom::AfterOutput)) die_here();
  if (doomed(Doom::Sleep)) sleep();
}

void RankZero::create_segment() {
  auto journal = store::JournalWriter::create(disk_, cluster_.folder, kRun, me_.epoch, stops_);
  if (!journal) throw Violation{"no journal segment can be begun: " + journal.error().message};
  journal_ = std::move(*journal);
  const model::EpochBegan last = core_.epoch();
  boot_began_ = host_.boot(events_.now());
  waits_count_on_ = model::number_of(last.epoch) > 0 && last.boot_id == host_.boot_id();
  const Instant wall = Instant{std::chrono::hours{500'000}} + events_.now() + host_.wall_skew;
  began_ = waits_count_on_ ? last.now + (boot_began_ - last.boot_time) : std::max(wall, last.now);
  claimed_at_ = began_;
  const model::EpochBegan fact{me_.epoch, host_.name, host_.boot_id(), boot_began_, began_};
  if (const auto applied = core_.apply(fact); !applied)
    throw Violation{"an epoch cannot begin: " + applied.error().message};
  write(fact);
  own_facts_ = 1;
  commit_own("an epoch's first fact");
}

// As cli/run_plan.cpp does it.
void RankZero::adopt() {
  revision_ = core_.revision();
  const bool first = revision_ == model::Revision{};
  const bool was_finished = core_.finished();
  const auto journal = [&](const model::Fact& fact) {
    if (const auto applied = core_.apply(fact); !applied)
      throw Violation{"an adoption's fact does not apply: " + applied.error().message};
    write(fact);
    ++own_facts_;
    commit_own("an adoption");
    trace_("{}: {}", title(), model::to_string(fact));
  };
  const bool revised = first || (options_.edit_plan && !was_finished);
  if (revised) {
    revision_ = model::Revision{model::number_of(revision_) + 1};
    journal(cluster_.workload->adoption(revision_));
    if (!first) cluster_.tally(Seen::PlanRevised);
  }
  const scheduler::Counts counts = core_.counts();
  const bool failed =
      counts[model::ChildState::Failed] > 0 || counts[model::ChildState::DependencyFailed] > 0;
  if (failed && !options_.keep_failed && (was_finished || revised || core_.held_by_failures())) {
    journal(model::FailedReopened{});
    cluster_.tally(Seen::FailedReopened);
  }
  later(cluster_.ms(0, 100), [this] { run(); });
}

void RankZero::run() {
  shadow_ = std::move(*scheduler::Scheduler::load(core_.save()));
  server::CoordinatorSettings settings;
  settings.run = kRun;
  settings.epoch = me_.epoch;
  settings.state_folder = cluster_.folder.path;
  settings.nonce = kNonce;
  settings.lease = cluster_.settings.lease;
  settings.grace = cluster_.settings.grace;
  settings.margin = cluster_.settings.margin;
  settings.patience = cluster_.settings.patience;
  settings.nodes_expected = static_cast<std::uint32_t>(options_.nodes.size());
  settings.claimed_at = claimed_at_;
  settings.waits_count_on = waits_count_on_;
  coordinator_ =
      std::make_unique<server::Coordinator>(std::move(settings), std::move(core_), *this);
  open_ports();
  raise();
  look_into_inbox();
  pump();
}

}  // namespace mpibatch::fault
