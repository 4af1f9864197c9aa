#include <mpibatch/base/check.hpp>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

TEST(Check, PassesWhatHolds) { MPIBATCH_CHECK(1 + 1 == 2); }

TEST(CheckDeathTest, EndsTheProcessAndSaysWhat) {
  EXPECT_DEATH(MPIBATCH_CHECK(1 + 1 == 3), "mpibatch: internal error: 1 \\+ 1 == 3.*check_test");
}

}  // namespace
}  // namespace mpibatch
