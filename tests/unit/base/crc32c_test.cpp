#include <mpibatch/base/crc32c.hpp>

#include <string>

#include <gtest/gtest.h>

#include "base/crc32c_tables.hpp"

namespace mpibatch {
namespace {

std::string counting(int from, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(from + step * i));
  return bytes;
}

TEST(Crc32c, MatchesThePublishedVectors) {
  // RFC 3720, B.4; the last one is the check value of the CRC catalogues.
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(counting(0, 1)), 0x46DD794EU);
  EXPECT_EQ(crc32c(counting(31, -1)), 0x113FDB5CU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, GoesOnFromASeedAtEverySplit) {
  const std::string bytes = counting(7, 5) + "tail";
  for (std::size_t split = 0; split <= bytes.size(); ++split)
    EXPECT_EQ(crc32c(bytes.substr(split), crc32c(bytes.substr(0, split))), crc32c(bytes)) << split;
}

TEST(Crc32c, IsTheSameWithoutTheInstruction) {
  const std::string bytes = counting(3, 7) + counting(250, -9) + "the end";
  for (std::size_t begin = 0; begin <= 9; ++begin)
    for (std::size_t size = 0; size + begin <= bytes.size(); ++size) {
      const auto part = std::string_view(bytes).substr(begin, size);
      EXPECT_EQ(crc32c(part), crc32c_by_tables(part)) << begin << " " << size;
      EXPECT_EQ(crc32c(part, 0x12345678), crc32c_by_tables(part, 0x12345678));
    }
}

TEST(Crc32c, SeesEveryFlippedBit) {
  const std::string bytes = counting(1, 3) + "odd";
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(crc32c(flipped), crc32c(bytes)) << bit;
  }
}

}  // namespace
}  // namespace mpibatch
