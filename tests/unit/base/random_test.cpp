#include <mpibatch/base/random.hpp>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

TEST(Random, IsNeverTheSameTwice) { EXPECT_NE(random_u64(), random_u64()); }

TEST(RandomHex, HasAsManyDigitsAsAskedFor) {
  for (const int digits : {0, 1, 16, 17, 32}) {
    const std::string text = random_hex(digits);
    EXPECT_EQ(text.size(), static_cast<std::size_t>(digits));
    EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos) << text;
  }
  EXPECT_NE(random_hex(32), random_hex(32));
  const std::string text = random_hex(32);
  EXPECT_NE(text.substr(0, 16), text.substr(16));
}

}  // namespace
}  // namespace mpibatch
