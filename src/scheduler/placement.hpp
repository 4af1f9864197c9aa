// What decide() remembers of nodes and jobs from one call to the next: all of it derived, so that
// one end costs no look at all the others.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/placement_heads.hpp"
#include "scheduler/placement_memory.hpp"
#include "scheduler/placement_room.hpp"
#include "scheduler/pool_room.hpp"
#include "scheduler/reservation_drain.hpp"
#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

// A reserved node, as those see it who are not what it is reserved for.
struct Hold {
  std::optional<Instant> at;  // who is expected to end by then may use it all; none: nobody may
  Room beside;                // … and others what is left beside what is to come
  Claim claim;                // as what is to come sees other reservations
};

struct NodePlace {
  Room free;  // as the state says, less what this round gives out
  model::Resources capacity;
  std::vector<std::string> features;
  std::uint32_t host = 0;  // nodes of one host have the same
  std::uint32_t grants = 0;
  bool serves = false;
  bool exclusive = false;
  std::vector<std::uint32_t> pools;
  std::vector<GrantId> given;  // and not looked at since: some may be gone

  // This round's own.
  std::vector<Occupant> drafted;
  std::vector<Hold> holds;

  Drain drain;
  bool drained = false;              // `drain` is as the state says
  std::vector<JobId> drain_unknown;  // whose end nobody knew then
};

enum class Fit : std::uint8_t { Fits, NoNodes, TooBig, OverMax };

// Where jobs of one kind may go.
struct KindPlaces {
  struct Choice {
    std::uint32_t environment = model::kNoEnvironment;
    std::uint32_t pool = 0;
  };
  std::vector<Choice> choices;
  std::uint64_t fit_of = 0;      // State::nodes_changed when `fit` was looked up
  Fit fit = Fit::Fits;           // of what its jobs ask for by the plan
  std::uint64_t gang_vcpus = 0;  // that a gang of it takes, by its `fit`
  std::uint64_t gang_unfit = 0;  // growth of its pools when no gang of it found room; 0: never
};

class Placement {
 public:
  QueueHeads heads;
  RoundMemory memory;
  std::vector<bool> closed;  // pools in which somebody waits for room: no backlog of others

  // Follows what the state's nodes and rules have become; clears what it was told of as touched.
  void refresh(Scheduler::State& state);

  NodePlace& node(std::uint32_t number) { return nodes_[number]; }
  PoolRoom& pool(std::uint32_t number) { return pools_[number]; }
  std::size_t pool_count() const { return pools_.size(); }
  PoolRoom& everything() { return pools_.front(); }  // all nodes that serve
  KindPlaces& places(const Scheduler::State& state, std::uint32_t kind);
  // The pools of a queue's jobs, whatever their constraints.
  const std::vector<std::uint32_t>& queue_pools(const Scheduler::State& state, std::uint32_t queue);
  // Somebody waits for room there: nothing else goes ahead to it.
  bool kept_clear(const NodePlace& node) const;
  bool may_fit(std::uint32_t pool, const model::Resources& asked);
  Fit fit(const model::PlanRules& rules, const std::vector<KindPlaces::Choice>& choices,
          const model::Resources& asked);

  // This round gives it out; end_round() forgets it, since by then the state knows.
  void take(std::uint32_t node, const Occupant& what);
  void hold(std::uint32_t node, const Hold& what);
  void end_round();
  void gave(std::uint32_t node, GrantId grant) { nodes_[node].given.push_back(grant); }
  // What runs out when on this node, as this round sees it.
  const Drain& drain(const Scheduler::State& state, std::uint32_t node);

 private:
  void rebuild(Scheduler::State& state);
  void update(const Scheduler::State& state, std::uint32_t number);
  void enter(const Scheduler::State& state, std::uint32_t number);
  void leave(std::uint32_t number);
  void set_free(std::uint32_t number, const Room& free);
  void mark(std::uint32_t number);
  std::uint32_t pool_of(const Scheduler::State& state, const PoolRule& rule);

  std::optional<model::Revision> revision_;
  std::uint64_t nodes_changed_ = 0;
  std::deque<NodePlace> nodes_;
  std::map<std::string, std::uint32_t> hosts_;
  std::deque<PoolRoom> pools_;
  std::map<PoolRule, std::uint32_t> pool_by_rule_;
  std::deque<std::optional<KindPlaces>> kinds_;
  std::vector<std::optional<std::vector<std::uint32_t>>> queues_;
  std::vector<std::uint32_t> marked_;  // nodes with something of this round's own
};

}  // namespace mpibatch::scheduler
