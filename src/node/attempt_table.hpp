// The attempts that hold resources now: from the order to start them until their end. Timeouts and
// graces count awake time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <mpibatch/node/starter_core.hpp>

#include "node/grant_book.hpp"
#include "node/kept_output.hpp"

namespace mpibatch::node {

// Why an attempt is being ended by us; the first reason stays.
enum class Ending : std::uint8_t { No, Timeout, Stop };

struct HeldAttempt {
  std::shared_ptr<const model::JobTemplate> job;
  model::Resources each;
  std::uint8_t attempt = 1;
  bool in_a_chain = false;
  bool started = false;  // else the driver is still at it
  Ending ending = Ending::No;
  bool killed = false;
  std::optional<Duration> early_grace;  // it was to be ended before it had started
  KeptOutput output;
  Instant started_at{};
  Duration started_awake{0};
  Duration deadline = Duration::max();  // awake time of the next signal
};

class AttemptTable {
 public:
  explicit AttemptTable(model::Resources capacity) : capacity_(capacity) {}

  bool fits(const model::Resources& asked) const;       // now
  bool ever_fits(const model::Resources& asked) const;  // with nothing else held
  void add(const Work& work);
  HeldAttempt* find(const model::ExecutionId& execution);
  void started(const model::ExecutionId& execution, HeldAttempt& held, Instant wall,
               Duration awake);
  std::optional<HeldAttempt> remove(const model::ExecutionId& execution);

  // TERM now and KILL after the grace; no grace: KILL now.
  void end_all(Ending why, Duration grace, Duration awake);
  void end_some(model::GrantId grant, const model::Ranges& children, Ending why, Duration grace,
                Duration awake);
  void check_deadlines(Duration awake, Duration grace);
  std::optional<Duration> next_deadline() const;  // awake time
  std::vector<Signal> take_signals() { return std::exchange(signals_, {}); }
  bool empty() const { return held_.empty(); }

 private:
  void end(const model::ExecutionId& id, HeldAttempt& held, Ending why, Duration grace,
           Duration awake);
  void set_deadline(const model::ExecutionId& id, HeldAttempt& held, Duration awake);

  model::Resources capacity_;
  std::map<model::ExecutionId, HeldAttempt> held_;
  std::set<std::pair<Duration, model::ExecutionId>> deadlines_;
  std::uint64_t vcpus_ = 0;
  std::uint64_t memory_mib_ = 0;
  std::uint64_t gpus_ = 0;
  std::vector<Signal> signals_;
};

}  // namespace mpibatch::node
