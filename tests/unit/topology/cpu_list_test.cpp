#include "topology/cpu_list.hpp"

#include <gtest/gtest.h>

namespace mpibatch::topology {
namespace {

TEST(CpuList, ReadsAsTheKernelWritesIt) {
  EXPECT_EQ(cpu_list({}), "none");
  EXPECT_EQ(cpu_list({3}), "3");
  EXPECT_EQ(cpu_list({8, 0, 2, 1, 9}), "0-2,8-9");
}

TEST(CpuList, IsReadBack) {
  using Numbers = std::vector<std::uint32_t>;
  EXPECT_EQ(parse_cpu_list("none"), Numbers{});
  EXPECT_EQ(parse_cpu_list("0-2,8"), (Numbers{0, 1, 2, 8}));
  for (const char* bad : {"", "1,", "x", "3-1", "1-", "-1", "1 2", "0-99999999", "4294967296"})
    EXPECT_EQ(parse_cpu_list(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace mpibatch::topology
