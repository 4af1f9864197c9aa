// CRC-32C (Castagnoli), as iSCSI's RFC 3720 defines it.
#pragma once

#include <cstdint>
#include <string_view>

namespace mpibatch {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace mpibatch
