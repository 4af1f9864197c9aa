#include "cli/output.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Output, DurationsHaveAFewDigitsAndTheirUnit) {
  EXPECT_EQ(duration_text(milliseconds{123}), "0.12 s");
  EXPECT_EQ(duration_text(seconds{59}), "59 s");
  EXPECT_EQ(duration_text(seconds{187}), "3:07 min");
  EXPECT_EQ(duration_text(seconds{26 * 3600 + 10 * 60 + 59}), "26:10 h");
}

TEST(Output, MemoryGrowsThroughItsUnits) {
  EXPECT_EQ(memory_text(812), "812 KiB");
  EXPECT_EQ(memory_text(1536), "1.5 MiB");
  EXPECT_EQ(memory_text(200 * 1024), "200 MiB");
  EXPECT_EQ(memory_text(1229 * 1024), "1.2 GiB");
}

TEST(Output, CountsSayOneOrMany) {
  EXPECT_EQ(counted(1, "job"), "1 job");
  EXPECT_EQ(counted(0, "job"), "0 jobs");
  EXPECT_EQ(counted(2, "child", "children"), "2 children");
}

TEST(Output, ErrorsOfTheUserAndOfTheSystemHaveTheirExitCodes) {
  EXPECT_EQ(report({ErrorKind::Usage, "what"}), 2);
  EXPECT_EQ(report({ErrorKind::NotFound, "what"}), 2);
  EXPECT_EQ(report({ErrorKind::System, "what"}), 1);
  EXPECT_EQ(report({ErrorKind::Damaged, "what"}), 1);
}

}  // namespace
}  // namespace mpibatch::cli
