#include "cli/help_formatter.hpp"

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

TEST(Help, BoundsAreInWords) {
  EXPECT_EQ(in_words(" UINT:UINT in [1 - 10]"), " N (1 to 10)");
  EXPECT_EQ(in_words(" UINT:UINT in [1 - 10]=3"), " N (1 to 10, default 3)");
  EXPECT_EQ(in_words(" X:FLOAT in [0 - 3600]"), " X (0 to 3600)");
  EXPECT_EQ(in_words(" SECONDS:FLOAT in [0 - 5]=2 ..."), " SECONDS (0 to 5, default 2) ...");
  EXPECT_EQ(in_words(" :UINT in [0 - 9] REQUIRED"), " (0 to 9) REQUIRED");
}

TEST(Help, OtherOptionsAreAsTheyAre) {
  for (const char* text :
       {"", " N", " DIR", " N,… ...", " NODE@SECONDS ...", " a in [b", "]: in ["})
    EXPECT_EQ(in_words(text), text);
}

}  // namespace
}  // namespace mpibatch::cli
