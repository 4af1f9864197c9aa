// The first job of each queue that cannot go on, why, and since when in this life of rank 0.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/job.hpp>

namespace mpibatch::scheduler {

// As AWS Batch words why a job at the head of its queue cannot run.
enum class Blocked : std::uint8_t { Capacity, EnvironmentMax, JobRequirement };
std::string_view reason_of(Blocked why);

struct QueueHead {
  model::JobId job{};
  model::ChildIndex child = 0;
  Instant since{};
  std::string_view reason;
};

class QueueHeads {
 public:
  struct Key {
    std::uint32_t queue = 0;
    Blocked why = Blocked::Capacity;
    auto operator<=>(const Key&) const = default;
  };
  struct Unit {
    model::JobId job{};
    model::ChildIndex child = 0;
  };

  // These are the heads now; who was it before has been it since then.
  void update(const std::map<Key, Unit>& heads, Instant now);
  const std::map<Key, QueueHead>& all() const { return heads_; }
  // What makes this queue's job wait, of the heads of all kinds; none: it goes on.
  std::vector<QueueHead> of(std::uint32_t queue) const;

 private:
  std::map<Key, QueueHead> heads_;
};

// The rule of the queue that this head has overstayed, or will first; none: no rule is about it.
const model::TimeLimit* limit_of(const model::Queue& queue, const QueueHead& head);

}  // namespace mpibatch::scheduler
