// A starter that starts nothing: slots by CPUs, memory and GPUs, a backlog that is begun strictly
// in grant order, as the real one's, and ends that come when their durations are over.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/protocol/frames.hpp>
#include <mpibatch/sim/simulate.hpp>

#include "sim/calendar.hpp"
#include "sim/durations.hpp"

namespace mpibatch::sim {

// What a node says next, in one message.
struct Outgoing {
  std::vector<protocol::Returned> returned;
  std::vector<std::pair<model::GrantId, model::Ranges>> started;
  std::vector<protocol::EndNotice> ends;
  bool empty() const { return returned.empty() && started.empty() && ends.empty(); }
};

// What the report counts.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void busy(std::int64_t vcpus, Instant now) = 0;  // more, or fewer
  virtual void ended(std::uint32_t job, const Running& running) = 0;
};

// A multi-node parallel job's parts: its time begins when all of them have started.
class Gangs {
 public:
  struct Main {
    std::uint32_t node = 0;
    std::uint32_t life = 0;
    std::uint32_t slot = 0;
  };
  // A part has started; `main`: if it is the one with the main member. Returns that one once no
  // part is missing.
  std::optional<Main> started(const protocol::GangRole& role, const std::optional<Main>& main);
  void over(model::GrantId main) { gangs_.erase(main); }
  void lost(std::uint32_t node);

 private:
  struct Gang {
    std::uint32_t members_left = 0;
    std::optional<Main> main;
  };
  std::map<model::GrantId, Gang> gangs_;
};

struct Stage {
  const Durations& durations;
  Observer& observer;
  Calendar calendar;
  Gangs gangs;
  std::vector<Gangs::Main> complete;  // gangs whose time is to begin
};

class Starter {
 public:
  Starter(std::uint32_t number, const NodeSpec& spec)
      : number_(number), free_(spec.capacity), spec_(&spec) {}

  std::uint32_t life() const { return life_; }
  const NodeSpec& spec() const { return *spec_; }
  bool present() const { return present_; }
  model::InstanceId instance() const {
    return {(std::uint64_t{life_} << 32U) | (std::uint64_t{number_} + 1)};
  }

  void join();
  // With all that it has; how many attempts run.
  std::uint64_t vanish(Stage& stage, Instant now);
  void obey(protocol::DownFrame& frame, Stage& stage, Instant now, Outgoing& out);
  // The calendar's entry is due, and of this life.
  void end(const Running& running, Stage& stage, Outgoing& out);
  void start_what_fits(Stage& stage, Instant now, Outgoing& out);
  // A gang is complete: its main part's time begins.
  void begin_gang(std::uint32_t slot, Stage& stage, Instant now);

 private:
  struct Held {
    model::GrantId id;
    std::uint32_t job = 0;
    model::Resources each;
    model::Ranges granted;
    std::vector<std::uint8_t> attempts;  // of each granted one; empty: all 1
    model::Ranges waiting;
    std::size_t next = 0;  // the first of `waiting` that is left
    std::uint64_t running = 0;
    std::optional<protocol::GangRole> gang;
    model::Range part;  // of a gang: its child, once it runs
    bool used = false;
  };
  std::uint64_t room(const model::Resources& each) const;
  void occupy(const Held& held, std::uint64_t children, Stage& stage, Instant now);
  void release(const Held& held, std::uint64_t children, Stage& stage, Instant now);
  void start(std::uint32_t slot, std::uint64_t children, Stage& stage, Instant now, Outgoing& out);
  void schedule(std::uint32_t slot, model::Range children, Stage& stage, Instant now);
  void start_part(std::uint32_t slot, Stage& stage);
  void report(const Running& running, model::EndKind kind, Instant now, Outgoing& out);
  void grant(protocol::Grant&& grant);
  void take_back(std::uint32_t slot, const model::Ranges& children, Outgoing& out);
  void finish(const Running& running, model::EndKind kind, Stage& stage, Instant now,
              Outgoing& out);
  void stop(std::uint32_t slot, const model::Ranges& children, Stage& stage, Instant now,
            Outgoing& out);
  void drop_if_done(std::uint32_t slot);
  std::optional<std::uint32_t> slot_of(model::GrantId id) const;
  unsigned attempt_of(const Held& held, model::ChildIndex child) const;

  std::uint32_t number_;
  std::uint32_t life_ = 0;
  bool present_ = false;
  model::Resources free_;
  const NodeSpec* spec_;
  std::vector<Held> held_;  // by slot
  std::vector<std::uint32_t> unused_;
  std::deque<std::uint32_t> backlog_;  // slots with children that wait, in grant order
  std::uint64_t ends_ = 0;
  std::uint64_t running_ = 0;
};

}  // namespace mpibatch::sim
