// A hash that is the same on every host and in every version: it is journaled (JobSpec::digest).
#pragma once

#include <cstdint>
#include <string_view>

namespace mpibatch::plan {

std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace mpibatch::plan
