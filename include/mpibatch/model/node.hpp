// A node: a host's share that the allocation grants us.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/job.hpp>

namespace mpibatch::model {

struct NodeName {
  std::string host;
  std::uint32_t share = 0;  // which of the ranks on that host, from 0
  auto operator<=>(const NodeName&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& host& share;
  }
};

std::string to_string(const NodeName& name);  // "node2", or "node2/1" for the second share

// What a new starter knows of the one before it on the same node.
enum class Predecessor : std::uint8_t {
  None,        // there was none, or it is gone and its attempts are swept: nothing of it runs
  CannotTell,  // another PID namespace or a private /tmp: proves nothing
};
constexpr Predecessor last_of(Predecessor) { return Predecessor::CannotTell; }

}  // namespace mpibatch::model
