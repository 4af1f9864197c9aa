// Identifiers nobody else has: from the kernel's random numbers.
#pragma once

#include <cstdint>
#include <string>

namespace mpibatch {

std::uint64_t random_u64();
std::string random_hex(int digits);  // lower case, `digits` of them

}  // namespace mpibatch
