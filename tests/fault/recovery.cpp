// How a rank 0 takes over, in the order of server::open_run, with time passing between its steps.
#include <algorithm>

#include "rank_zero.hpp"
#include "support/scheduler_check.hpp"

namespace mpibatch::fault {

scheduler::Scheduler fold(const FileSystem& files, const store::StateFolder& folder,
                          std::vector<model::Fact>* facts) {
  scheduler::Scheduler core;
  const auto read =
      store::read_journal(files, folder, {}, [&](store::FactNumber, const model::Fact& fact) {
        if (const auto applied = core.apply(fact); !applied)
          throw Violation{"the journal does not fold: " + applied.error().message};
        if (facts) facts->push_back(fact);
      });
  if (!read) throw Violation{"the journal cannot be read: " + read.error().message};
  return core;
}

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

void RankZero::read() {
  std::vector<model::Fact> facts;
  const auto read =
      store::read_journal(disk_, cluster_.folder, {}, [&](store::FactNumber, const model::Fact& f) {
        if (const auto applied = core_.apply(f); !applied)
          throw Violation{"the journal does not fold: " + applied.error().message};
        facts.push_back(f);
      });
  if (!read) throw Violation{"the journal cannot be read: " + read.error().message};
  stops_ = read->stops;
  trace_("{} has folded {} facts", title(), facts.size());
  fold_checks(core_.save());
  later(cluster_.ms(0, 200), [this, facts] {
    sync_older();
    later(cluster_.ms(0, 200), [this, facts] {
      // What it folded may hold a later epoch already.
      if (stop_if_superseded()) return;
      create_segment();
      // Its stops hold from here on, whatever this rank 0 comes to; unless a later one was faster.
      if (stop_if_superseded()) return;
      for (const model::Fact& fact : facts) cluster_.truth->committed(fact);
      later(cluster_.ms(0, 200), [this] { adopt(); });
    });
  });
}

// A loaded state is the state: it saves alike and decides alike.
void RankZero::fold_checks(const std::string& saved) {
  auto loaded = scheduler::Scheduler::load(saved);
  if (!loaded) throw Violation{"a saved state does not load: " + loaded.error().message};
  if (loaded->save() != saved) throw Violation{"a loaded state saves differently"};
  scheduler::Scheduler again = fold(disk_, cluster_.folder);
  if (std::string wrong = testing::inconsistency(again); !wrong.empty())
    throw Violation{"a folded state is inconsistent: " + wrong};
  if (again.save() == saved && again.decide({}) != loaded->decide({}))
    throw Violation{"a loaded state decides differently"};
  if (cluster_.random.chance(500)) core_ = std::move(*scheduler::Scheduler::load(saved));
}

void RankZero::sync_older() {
  if (const auto done = store::sync_journal(disk_, cluster_.folder, stops_); !done)
    throw Violation{"the journal cannot be synced: " + done.error().message};
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
  own_facts_ = journal_->append(fact);
  if (const auto done = journal_->commit(); !done)
    throw Violation{"an epoch's first fact cannot be committed: " + done.error().message};
}

void RankZero::adopt() {
  revision_ = core_.revision();
  const bool first = revision_ == model::Revision{};
  if (first || (options_.edit_plan && !core_.finished())) {
    revision_ = model::Revision{model::number_of(revision_) + 1};
    const model::Fact fact = cluster_.workload->adoption(revision_);
    if (const auto applied = core_.apply(fact); !applied)
      throw Violation{"a plan cannot be adopted: " + applied.error().message};
    own_facts_ = journal_->append(fact);
    if (const auto done = journal_->commit(); !done)
      throw Violation{"an adoption cannot be committed: " + done.error().message};
    trace_("{} adopts revision {}", title(), model::number_of(revision_));
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
  pump();
}

}  // namespace mpibatch::fault
