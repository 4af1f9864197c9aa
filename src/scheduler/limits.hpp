// The rules' numbers.
#pragma once

#include <cstdint>

#include <mpibatch/base/time.hpp>

namespace mpibatch::scheduler {

// A child may be lost with its host this often in one epoch before it counts as the cause.
inline constexpr unsigned kHostLossesMax = 3;
// An array is held when so many of its attempts have ended and none of them could be started.
inline constexpr unsigned kUnstartableMax = 3;
// Work goes ahead to a node as far as it is expected to start within this time …
inline constexpr Duration kBacklogWindow = std::chrono::milliseconds(250);
// … and never more than this many times the node's slots …
inline constexpr std::uint32_t kBacklogSlotsMax = 1000;
// … or so many times and the failures that maxFailures still allows.
inline constexpr std::uint64_t kCautiousSlots = 2;
// A chain goes no further ahead than so many links; once half of them are left it goes on.
inline constexpr std::uint64_t kChainLinksMax = 256;
// What shareDecaySeconds 0 stands for.
inline constexpr Duration kShareWindow = std::chrono::seconds(600);

}  // namespace mpibatch::scheduler
