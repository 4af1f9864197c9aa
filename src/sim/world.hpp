// The virtual cluster: one coordinator, a starter a node, and the time, which jumps from event to
// event.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include <mpibatch/server/coordinator.hpp>
#include <mpibatch/sim/simulate.hpp>

#include "sim/durations.hpp"
#include "sim/starter.hpp"
#include "sim/statistics.hpp"

namespace mpibatch::sim {

class World {
 public:
  // `plan` and `setup` must outlive it; every host of a loss is one of the nodes.
  World(const model::Plan& plan, const Setup& setup, const Durations& durations);
  ~World();
  void run();
  // Of what ran; the bound is not its matter.
  Report report() const;

 private:
  // What comes from outside, at a time. By kind where the time is the same.
  struct Happening {
    enum class Kind : std::uint8_t { Lose, Return, Renew };
    Instant at{};
    Kind kind = Kind::Lose;
    std::uint32_t node = 0;
    std::uint32_t life = 0;  // of Lose: this one; 0: whichever is there
    auto operator<=>(const Happening&) const = default;
  };
  class Work;

  void join(std::uint32_t node);
  void lose(std::uint32_t node);
  void happen(const Happening& happening);
  void draw_loss(std::uint32_t node);
  void renew_leases();
  void end_what_is_due();
  void settle();
  void deliver(server::SendDown& command);
  void begin_complete_gangs();
  void say(std::uint32_t node, Outgoing& out);
  void say(std::uint32_t node, protocol::UpFrame frame);
  std::optional<Instant> next() const;
  bool losses_possible() const;
  static std::string why(const scheduler::Scheduler& core, model::JobId job);
  std::vector<std::string> reasons(const scheduler::Scheduler& core) const;

  const model::Plan& plan_;
  const Setup& setup_;
  std::unique_ptr<Work> work_;
  Statistics statistics_;
  Stage stage_;
  std::vector<Starter> starters_;
  std::vector<std::uint32_t> links_;  // the node of each link ever opened
  std::vector<std::uint32_t> link_of_node_;
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> happenings_;
  std::unique_ptr<server::Coordinator> coordinator_;
  std::vector<std::string> told_;
  std::uint64_t facts_ = 0;
  std::uint64_t vcpus_ = 0;
  Instant now_;
  std::optional<Instant> ticked_;
  bool out_of_time_ = false;
};

}  // namespace mpibatch::sim
