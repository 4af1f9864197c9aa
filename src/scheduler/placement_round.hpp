// One round of decisions: what goes where, worked out against the placement, before it becomes
// facts. Jobs in their order; what cannot go on is passed by, and from the first that finds no room
// on, only what cannot delay it goes ahead (EASY backfill).
#pragma once

#include <map>
#include <tuple>
#include <variant>
#include <vector>

#include "scheduler/backlog.hpp"
#include "scheduler/fair_share.hpp"
#include "scheduler/placement.hpp"
#include "scheduler/placement_gang.hpp"
#include "scheduler/reservation.hpp"

namespace mpibatch::scheduler {

struct Handout {
  JobId job{};
  std::uint32_t node = 0;
  std::uint32_t environment = model::kNoEnvironment;
  model::Resources each;
  std::uint64_t children = 1;       // the lowest that are runnable
  std::optional<ChildIndex> child;  // or this one
};
struct GangHandout {
  JobId job{};
  std::uint32_t environment = model::kNoEnvironment;
  std::vector<GangSeat> seats;
  std::optional<ChildIndex> child;  // none: the lowest that is runnable
};
// No allocation is long enough for it.
struct Hopeless {
  JobId job{};
  Duration expected{0};
};
using Decision = std::variant<Handout, GangHandout, Hopeless>;

class Round {
 public:
  Round(const Scheduler::State& state, Placement& placement, Instant now);
  void run();

  std::vector<Decision> decisions;
  // Who heads each queue, and why it waits. No child: the lowest that is runnable.
  struct Head {
    JobId job{};
    std::optional<ChildIndex> child;
  };
  std::map<QueueHeads::Key, Head> heads;

 private:
  // Where one share of a queue (the only one, without a policy) has come to.
  struct ShareTurn {
    std::map<LaneKey, model::RangeSet>::const_iterator lane, end;
    ChildIndex order = 0;     // of the job that it is at
    std::uint64_t taken = 0;  // of that job, in this round
    std::uint64_t plain = 0;  // of those, not boosted
    ChildIndex boosted = 0;   // the lowest that is not looked at yet
    ShareStanding standing;
    Passed passed;             // jobs right before this one, for lack of consumables
    LaneKey passed_in;         // their lane
    bool just_passed = false;  // this one, too
    bool over() const { return lane == end; }
    void go_to(ChildIndex from);
  };
  struct QueueTurn {
    std::uint32_t queue = 0;
    bool fair = false;
    bool waits = false;  // a job of it waits for room
    bool done = false;
    std::uint32_t looked_at = 0;  // since then
    std::uint64_t vcpus = 0;      // of all its shares, this round's included
    std::uint64_t vcpus_max = UINT64_MAX;
    std::size_t at = 0;  // the share whose turn it is
    std::vector<ShareTurn> shares;
  };
  enum class Outcome { Stay, NextJob, QueueDone };
  // What one or more children of a job ask for.
  struct Unit {
    JobId job{};
    const model::JobSpec* kind = nullptr;
    KindPlaces* places = nullptr;
    model::Resources each;
    Duration expected{0};
    std::optional<ChildIndex> child;
    bool fair = false;
  };

  // ---- placement_round.cpp: whose turn it is
  void collect();
  void run_tier(std::size_t begin, std::size_t end);
  bool choose(QueueTurn& turn);
  void take_turn(QueueTurn& turn);
  bool deep_enough(QueueTurn& turn);
  void next_job(ShareTurn& at);
  bool skip_passed(ShareTurn& at);
  bool begin_passed(ShareTurn& at);
  void pass(ShareTurn& at, const Unit& unit);
  void remember_passed(ShareTurn& at);
  std::uint64_t turn_limit(const QueueTurn& turn, std::uint32_t vcpus_each) const;
  Outcome offer(QueueTurn& turn, ShareTurn& at, JobId id);
  void offer_boosted(QueueTurn& turn, ShareTurn& at, Unit unit, const JobExtra& more,
                     std::uint64_t& most);
  Outcome offer_gangs(QueueTurn& turn, ShareTurn& at, Unit& unit, std::uint64_t most);
  bool outlasts(const Unit& unit);  // the allocation
  std::uint64_t allowed(const Unit& unit, std::uint64_t taken) const;
  std::uint64_t concurrent(const Unit& unit, std::uint64_t taken) const;
  std::uint64_t available(std::uint32_t consumable) const;
  void close_lacking(const Unit& unit, std::uint64_t taken);
  void count(QueueTurn& turn, ShareTurn& at, std::uint64_t children, std::uint64_t vcpus);
  void note(std::uint32_t queue, Blocked why, const Unit& unit);
  void wait(QueueTurn& turn, const Unit& unit);

  // ---- placement_handout.cpp: where it goes
  std::uint64_t place(const Unit& unit, std::uint64_t children);
  std::uint64_t hand_out(const Unit& unit, const KindPlaces::Choice& choice, std::uint64_t most);
  std::uint64_t hand_ahead(const Unit& unit, const KindPlaces::Choice& choice, std::uint64_t most,
                           const BacklogDepth& depth);
  std::uint64_t spread(const Unit& unit, const KindPlaces::Choice& choice, std::uint64_t most);
  std::uint64_t environment_left(std::uint32_t environment) const;  // vCPUs
  std::uint64_t environment_room(std::uint32_t environment, std::uint64_t vcpus) const;
  bool over_by(const Hold& hold, Duration expected) const;
  Room usable(const NodePlace& node, Duration expected) const;
  void give(const Unit& unit, const KindPlaces::Choice& choice, std::uint32_t node,
            std::uint64_t children);
  void take(std::uint32_t node, const Room& each, std::uint64_t count, Duration expected);
  bool place_gang(const Unit& unit, std::uint64_t& vcpus);
  std::optional<std::vector<GangSeat>> seats(const Unit& unit, const KindPlaces::Choice& choice,
                                             bool& held_back);
  Fit gang_fit(const Unit& unit);
  void reserve();

  struct Place {
    std::uint32_t node = 0;
    std::uint64_t room = 0;
  };

  const Scheduler::State& state_;
  Placement& placement_;
  Instant now_;
  std::vector<QueueTurn> turns_;
  std::vector<std::uint64_t> environment_vcpus_;  // as the state says and this round adds
  std::vector<bool> environment_closed_;
  std::vector<std::uint64_t> in_use_;  // of consumables
  std::vector<bool> consumable_closed_;
  std::vector<Waiting> waiting_;  // for room, in the order in which they were met
  std::size_t reserved_ = 0;      // of those
  std::vector<Place> places_;
  std::map<std::tuple<JobId, std::uint32_t, std::uint32_t>, std::size_t> tally_;
};

}  // namespace mpibatch::scheduler
