// One life of rank 0 with the real coordinator and the real store: claims its epoch, folds what
// earlier ones left, runs, and stops when a later one has claimed.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <mpibatch/server/coordinator.hpp>
#include <mpibatch/store/journal.hpp>
#include <mpibatch/store/owner.hpp>
#include <mpibatch/store/request.hpp>

#include "agent.hpp"
#include "cluster.hpp"
#include "snapshots.hpp"

namespace mpibatch::fault {

struct LifeOptions {
  std::vector<Node*> nodes;  // that this world has; other nodes of its host are FinishOnly
  bool edit_plan = false;    // the plan has changed since the last life
  bool keep_failed = false;  // what failed stays so
};

class RankZero final : public VirtualProcess, public LineEnd, public server::WorkSource {
 public:
  RankZero(Cluster& cluster, unsigned number, Host& host, LifeOptions options,
           std::function<void()> gone);
  ~RankZero() override;

  void begin();
  void hear(Line& line, const std::string& bytes) override;
  void hung_up(Line& line) override;
  const model::PlannedJob& job(model::JobId id) const override;

  Host& host() { return host_; }
  bool running() const { return coordinator_ != nullptr && !result_; }
  const std::optional<server::RunResult>& result() const { return result_; }
  // Its run is over: everything is terminal, and the journal says so.
  bool finished() const { return result_ && shadow_.finished(); }
  // Failures, or a user, hold what waits.
  bool holds() const { return coordinator_ && !coordinator_->scheduler().held().empty(); }
  std::vector<Agent*> agents();

  // ---- what a user or a fault does to it
  void compact();
  void interrupt(bool at_once);
  void fail_disk() { disk_fails_ = true; }
  // Nothing that it asks of the disk comes back before that; messages go on.
  void hang_disk(Duration until) { disk_hangs_until_ = until; }
  void break_line(Node& node);
  void mended(Node& node);  // its cable
  void haunt(const protocol::UpMessage& ghost);

 private:
  struct Port {
    Node* node = nullptr;
    server::NodeUse use = server::NodeUse::Work;
    std::unique_ptr<Agent> agent;  // null: the node is of rank 0's own host
    std::unique_ptr<Door> door;
    std::shared_ptr<Line> line;
    server::LinkId link{};
    bool open = false;
  };

  // ---- recovery: a step each, so that anything can happen between two
  void claim();
  void read();
  void sync_older();
  void create_segment();
  void adopt();
  void run();
  void fold_checks(const std::string& saved);
  bool unreadable(const std::string& what, const Error& error);  // true: it is damaged
  void write(const model::Fact& fact);
  Instant now() const;

  // ---- requests, as server/run_loop.cpp takes them
  void look_into_inbox();
  void apply(const store::Request& request);
  void remove_requests(std::uint64_t committed);

  // ---- the loop
  void pump();
  bool doomed(Doom doom);  // it is to meet its fate here
  void sleep();
  void die_here();
  void commit_own(const char* what);
  void count(const model::Fact& fact);
  void count_chains(const model::Fact& fact, const ChainCounts& before);
  void take(const server::Command& command);
  void commit();
  void synced(std::uint64_t facts);
  void commit_known(std::uint64_t facts);
  void raise();
  bool wait_for_disk(Step step);  // true: it hangs, the step is taken later
  Duration notice();              // until the loop learns what the disk said
  bool stop_if_superseded();
  void plan_tick();
  void compare();
  void compare_with_disk();
  void break_off(const std::string& reason);
  void read_segment(const server::ReadSegment& read);
  void open_ports();
  void opened(Port& port);
  Port* port_of(const Line& line);
  void died() override;

  Cluster& cluster_;
  Host& host_;
  LifeOptions options_;
  std::function<void()> gone_;
  ProcessDisk disk_;

  store::OwnerRecord me_;
  std::vector<store::SegmentStop> stops_;
  scheduler::Scheduler core_;
  Instant began_{};
  Duration boot_began_{0};
  Instant claimed_at_{};
  bool waits_count_on_ = false;
  model::Revision revision_{};

  Ledger ledger_;
  std::unique_ptr<Compaction> compaction_;
  std::vector<std::unique_ptr<Compaction>> older_compactions_;
  std::vector<std::pair<std::uint64_t, store::Request>> pending_;  // removed after so many commits
  std::optional<Doom> doom_;

  std::unique_ptr<store::JournalWriter> journal_;
  std::uint64_t own_facts_ = 0;  // in the journal before the coordinator's
  scheduler::Scheduler shadow_;  // what the committed facts alone say
  std::deque<model::Fact> uncommitted_;
  std::uint64_t appended_ = 0;
  std::uint64_t committed_ = 0;
  bool committing_ = false;
  bool broken_off_ = false;  // what it decided since is written down nowhere
  bool disk_fails_ = false;
  bool disk_failed_ = false;
  Duration disk_hangs_until_{0};
  std::uint64_t counter_ = 0;

  std::unique_ptr<server::Coordinator> coordinator_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::shared_ptr<Line>> cables_;  // to agents, dead ones as well
  std::uint32_t next_link_ = 1;
  std::uint64_t tick_ = 0;
  std::optional<server::RunResult> result_;
};

}  // namespace mpibatch::fault
