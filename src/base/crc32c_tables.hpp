// CRC-32C where the processor has no instruction for it.
#pragma once

#include <cstdint>
#include <string_view>

namespace mpibatch {

std::uint32_t crc32c_by_tables(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace mpibatch
