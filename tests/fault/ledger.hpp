// The rules once more, as simply as can be: from the facts alone it says what every child's state
// is, and which grants should never have been made. The scheduler's answers are held against it.
// It knows children by their keys, so that no reordering touches it. Throws Violation.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <mpibatch/model/fact.hpp>
#include <mpibatch/scheduler/scheduler.hpp>

#include "trace.hpp"
#include "workload.hpp"

namespace mpibatch::fault {

// What became of grants that were to wait for their turn, since the beginning.
struct ChainCounts {
  std::uint64_t turns = 0;
  std::uint64_t turns_of_older = 0;  // of those, granted by an earlier rank 0
  std::uint64_t called_off = 0;
  std::uint64_t promised = 0;  // children that wait now
};

class Ledger {
 public:
  explicit Ledger(Workload& workload);

  void apply(const model::Fact& fact);
  // How the scheduler's states differ from these; empty where they do not.
  std::string difference(const scheduler::Scheduler& core) const;
  model::ChildState state(const ChildName& child) const;
  bool everything_terminal() const;
  // Of these some come back for no reason but that others can start them sooner.
  bool wanted_elsewhere(const model::Returned& fact) const;
  // Something that has started there is lost with it.
  bool loses_work(const model::NodeGone& fact) const;
  // Children that are out and whose turn is still to come.
  std::uint64_t promised(std::optional<model::JobId> job = {}) const;
  ChainCounts chains() const;
  // Good work that was to be done again, since this was asked last.
  std::vector<ChildName> take_reopened() { return std::exchange(reopened_, {}); }

 private:
  using States = std::vector<std::vector<model::ChildState>>;  // of each job, by key
  enum class Base : std::uint8_t { Open, Out, Succeeded, Failed, Cancelled };
  struct Child {
    Base base = Base::Open;
    bool running = false;
    bool promised = false;  // of Out: its turn is still to come
    bool held = false;
    unsigned failures = 0;  // attempts
    unsigned out_of_memory = 0;
    unsigned losses = 0;
  };
  struct Job {
    std::vector<Child> children;  // by key
    std::uint64_t forgiven = 0;
    unsigned unstartable = 0;
    bool proven = false;
    bool trouble = false;
  };
  struct Grant {
    model::JobId job{};
    model::NodeId node{};
    model::InstanceId instance;
    model::Revision revision{};
    model::Resources each;
    std::uint32_t environment = model::kNoEnvironment;
    std::set<Key> out;
    std::set<Key> started;
    std::set<Key> cancelled;
    std::set<Key> terminated;
    std::vector<Key> chain;  // as granted: each comes after the one before it
    std::optional<std::pair<model::GrantId, Key>> after;  // … and the first one after this
    std::optional<model::GrantId> gang;
    bool main = false;
  };
  struct Gang {
    ChildName child;
    std::size_t parts = 0;
    enum class Outcome : std::uint8_t { None, Succeeded, Failed, Again, Lost, Cancelled };
    Outcome outcome = Outcome::None;
    bool started = false;
    bool goes_again() const { return outcome == Outcome::Lost || outcome == Outcome::Again; }
  };
  struct Node {
    model::NodeName name;
    model::InstanceId instance;
    model::Resources capacity;
    std::vector<std::string> features;
    bool present = false;
  };

  void take(const model::EpochBegan& fact);
  void take(const model::PlanAdopted& fact);
  void take(const model::NodeJoined& fact);
  void take(const model::NodeGone& fact);
  void take(const model::LeaseAwaited&) {}
  void take(const model::Granted& fact);
  void take(const model::GangGranted& fact);
  void take(const model::Started& fact);
  void take(const model::Ended& fact);
  void take(const model::Returned& fact);
  void take(const model::CancelRequested& fact);
  void take(const model::HoldRequested& fact);
  void take(const model::RetryRequested& fact);
  void take(const model::PriorityRequested&) {}
  void take(const model::WaitEnded& fact);
  void take(const model::FailedReopened& fact);
  void take(const model::RunFinished& fact);
  void take(const model::GrantedAfter& fact);

  Child& child(const ChildName& name) {
    return jobs_[model::number_of(name.first)].children[name.second];
  }
  const Child& child(const ChildName& name) const {
    return jobs_[model::number_of(name.first)].children[name.second];
  }
  std::string name(const ChildName& name) const;
  Grant& grant(const model::GrantId& id);
  template <class Part>
  Grant& open_grant(model::JobId job, const Part& part, const model::Resources& each);
  std::vector<Key> keys_of(const Grant& grant, const model::Ranges& as_granted) const;
  std::vector<Key> keys_today(model::JobId job, const model::Ranges& children) const;

  // ---- ledger_states.cpp: what follows from what it waits for
  const States& states() const;
  model::ChildState derive(const States& states, const ChildName& name) const;
  model::ChildState met(const States& states, const ChildName& name, const Edge& edge) const;

  // ---- ledger_grants.cpp: what a grant may be
  void check_grant(const model::Granted& fact, bool in_turn = true) const;
  void check_after(const model::GrantedAfter& fact) const;
  void check_gang(const model::GangGranted& fact) const;
  void check_child(const ChildName& name, const model::Resources& each, bool in_turn = true) const;
  std::uint64_t taking(const Grant& grant) const;  // its children whose turn has come
  void check_node(model::JobId job, model::NodeId node, model::InstanceId instance,
                  std::uint32_t environment, const model::Resources& each) const;
  void check_caps(model::JobId job) const;  // after it was made
  std::uint64_t failed(const Job& job) const;
  bool held_by_failures(model::JobId job) const;

  // ---- ledger_after.cpp: grants that wait for the turn of their children
  void settle_chains();
  void turn_has_come(const Grant& grant, Key key);
  bool settle_link(const model::GrantId& id, std::size_t at);

  // ---- what becomes of children
  void open(const ChildName& name);
  void end_badly(const ChildName& name, const model::FailedAttempt& attempt, bool cancelled);
  void lose(const ChildName& name, bool counts);
  void succeed(const ChildName& name);
  void drop(const model::GrantId& id, const std::vector<Key>& keys, bool spends);
  void part_back(const model::GrantId& main, Gang::Outcome outcome);
  void forget_failures(Job& job);
  void clip_forgiven();
  bool reopen(const ChildName& name, const States& before, bool succeeded);
  std::vector<ChildName> waiting_for(const ChildName& name) const;

  Workload* workload_;
  model::EpochBegan epoch_;
  Instant began_{};
  model::Revision revision_{};
  std::vector<Job> jobs_;
  std::map<model::NodeId, Node> nodes_;
  std::map<model::GrantId, Grant> grants_;
  std::map<model::GrantId, Gang> gangs_;
  std::set<std::pair<model::GrantId, Key>> ended_well_;
  ChainCounts chain_counts_;
  std::set<std::string> requests_;
  std::vector<std::uint64_t> spent_;
  std::uint64_t forgiven_ = 0;
  std::vector<ChildName> reopened_;
  mutable States states_;  // derived; empty: anew
};

}  // namespace mpibatch::fault
