// What a starter has to tell rank 0 next, beside its ends, gathered for one message.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/ranges.hpp>
#include <mpibatch/protocol/frames.hpp>

namespace mpibatch::node {

struct Outgoing {
  std::vector<protocol::UpFrame> frames;
  std::map<model::GrantId, model::RangeSet> started;
  Duration send_at = Duration::max();  // CLOCK_BOOTTIME; at the latest
  bool pressing = false;               // not all of it is a chain's that goes on by itself

  bool empty() const { return frames.empty() && started.empty(); }
  // All of it, starts last; it is empty then.
  std::vector<protocol::UpFrame> take() {
    Outgoing batch = std::exchange(*this, {});
    if (batch.started.empty()) return std::move(batch.frames);
    protocol::Started told;
    for (const auto& [id, children] : batch.started)
      told.children.emplace_back(id, children.ranges());
    batch.frames.push_back(std::move(told));
    return std::move(batch.frames);
  }
};

}  // namespace mpibatch::node
