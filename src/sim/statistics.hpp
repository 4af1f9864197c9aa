// What a simulation counts while it goes on.
#pragma once

#include <cstdint>
#include <vector>

#include <mpibatch/sim/simulate.hpp>

#include "sim/histogram.hpp"
#include "sim/load_meter.hpp"
#include "sim/starter.hpp"
#include "sim/waiting.hpp"

namespace mpibatch::sim {

class Statistics final : public Observer {
 public:
  // `plan` must outlive it.
  Statistics(const model::Plan& plan, Instant begin);

  void busy(std::int64_t vcpus, Instant now) override { meter_.busy(vcpus, now); }
  void ended(std::uint32_t job, const Running& running) override;
  void capacity(std::int64_t vcpus, Instant now) { meter_.capacity(vcpus, now); }
  void lost(std::uint64_t attempts, Instant now);

  Instant last_end() const { return last_end_; }
  void fill(Report& report, std::uint64_t vcpus) const;

 private:
  struct Queue {
    Histogram waiting;
    Histogram slowdown;
  };
  void count(std::uint32_t job, Duration waited, Duration took, std::uint64_t times);

  const model::Plan& plan_;
  Instant begin_;
  Instant last_end_;
  Waiting waiting_;
  LoadMeter meter_;
  Queue all_;
  std::vector<Queue> queues_;
  std::uint64_t attempts_ = 0;
  std::uint64_t attempts_lost_ = 0;
  std::uint64_t nodes_lost_ = 0;
};

}  // namespace mpibatch::sim
