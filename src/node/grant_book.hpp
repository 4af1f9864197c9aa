// What a starter was granted and has not got rid of: the backlog in grant order, what waits for the
// turn of others, and the children that run or whose ends are not acknowledged. Remembers every
// grant it ever saw.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/job.hpp>
#include <mpibatch/model/ranges.hpp>
#include <mpibatch/protocol/frames.hpp>

namespace mpibatch::node {

struct Work {
  model::ExecutionId execution;
  std::uint8_t attempt = 1;
  bool in_a_chain = false;  // its grant comes after another attempt
  std::shared_ptr<const model::JobTemplate> job;
  std::vector<std::string> values;
  model::Resources each;
  std::string environment;
};

class GrantBook {
 public:
  // False if this grant was seen before, in whatever state it is now; else it is seen from now on.
  bool mark_seen(model::GrantId grant);
  // A grant that mark_seen() was told of and whose shape is good; `runs`: what it is to come after
  // has not ended; `boot` is CLOCK_BOOTTIME. False, and nothing is added: that is not here, or has
  // not succeeded.
  bool add(protocol::Grant grant, std::shared_ptr<const model::JobTemplate> job, bool runs,
           Duration boot);

  const model::Resources* head() const;  // of the first that may start; null: there is none
  Work take_head();                      // it counts as started from now on

  using GivenBack = std::vector<std::pair<model::GrantId, model::Ranges>>;
  // What was to come after it may start, or is here no more: rank 0 knows that from this end. True
  // where something may start.
  bool ended(const model::ExecutionId& execution, bool succeeded, Duration boot);
  // Takes children out of the backlog for ever, and what was to come after them. A grant that was
  // never seen is returned whole.
  GivenBack recall(model::GrantId grant, const model::Ranges& children);
  // What may start, of the grants that came before `boot` or then, and what was to come after it.
  GivenBack give_back_until(Duration boot);
  GivenBack give_back_all();
  Duration oldest() const;  // when the first that may start came, or its turn; max: none

  void forget(const model::ExecutionId& execution);  // its end is acknowledged
  std::vector<protocol::Holding> inventory() const;
  bool empty() const { return grants_.empty(); }

 private:
  struct Entry {
    protocol::Grant grant;
    std::shared_ptr<const model::JobTemplate> job;
    model::RangeSet waiting;
    model::RangeSet promised;  // each until the one before it has succeeded
    model::RangeSet started;   // running, or ended and not acknowledged
    model::RangeSet failed;    // of those: ended in any other way than well
    Duration came{0};          // or its turn
    bool has(model::ChildIndex child) const {
      return waiting.contains(child) || promised.contains(child) || started.contains(child);
    }
  };
  using Entries = std::map<model::GrantId, Entry>;
  using Child = std::pair<model::GrantId, model::ChildIndex>;
  void take_turn(Entry& entry, Duration boot);  // the first that is promised
  // These will never succeed here: what was to come after them is given back.
  void call_off_after(model::GrantId grant, const model::Ranges& lost, GivenBack& given);
  model::Ranges call_off(Entry& entry, model::ChildIndex from);
  void drop_if_done(model::GrantId grant);

  Entries grants_;
  std::set<model::GrantId> order_;                // of those with waiting children
  std::map<Child, model::GrantId> followers_;     // grants whose first child is still to come
  std::map<model::Epoch, model::RangeSet> seen_;  // grant numbers: mostly adjacent
};

}  // namespace mpibatch::node
