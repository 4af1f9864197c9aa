// What a starter was granted and has not got rid of: the backlog in grant order, and the children
// that run or whose ends are not acknowledged. Remembers every grant it ever saw.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
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
  std::shared_ptr<const model::JobTemplate> job;
  std::vector<std::string> values;
  model::Resources each;
  std::string environment;
};

class GrantBook {
 public:
  // False if this grant was seen before, in whatever state it is now; else it is seen from now on.
  bool mark_seen(model::GrantId grant);
  // A grant that mark_seen() was told of and whose shape is good; `boot` is CLOCK_BOOTTIME.
  void add(protocol::Grant grant, std::shared_ptr<const model::JobTemplate> job, Duration boot);

  const model::Resources* head() const;  // of the first waiting child; null: nothing waits
  Work take_head();                      // it counts as started from now on

  // Takes children out of the backlog for ever. A grant that was never seen is returned whole.
  model::Ranges recall(model::GrantId grant, const model::Ranges& children);
  using GivenBack = std::vector<std::pair<model::GrantId, model::Ranges>>;
  // What waits of the grants that came before `boot` or then.
  GivenBack give_back_until(Duration boot);
  Duration oldest() const;  // when the first of those with waiting children came; max: none

  void forget(const model::ExecutionId& execution);  // its end is acknowledged
  std::vector<protocol::Holding> inventory() const;
  bool empty() const { return grants_.empty(); }

 private:
  struct Entry {
    protocol::Grant grant;
    std::shared_ptr<const model::JobTemplate> job;
    model::RangeSet waiting;
    model::RangeSet started;  // running, or ended and not acknowledged
    Duration came{0};
  };
  void drop_if_done(model::GrantId grant);

  std::map<model::GrantId, Entry> grants_;
  std::deque<model::GrantId> order_;              // of those with waiting children, as they came
  std::map<model::Epoch, model::RangeSet> seen_;  // grant numbers: mostly adjacent
};

}  // namespace mpibatch::node
