#include <mpibatch/model/ids.hpp>

#include <gtest/gtest.h>

#include <mpibatch/model/node.hpp>

namespace mpibatch::model {
namespace {

TEST(GrantId, IsEpochAndNumber) { EXPECT_EQ(to_string(GrantId{Epoch{2}, 17}), "2.17"); }

TEST(GrantId, IsOrderedByEpochFirst) {
  EXPECT_LT((GrantId{Epoch{1}, 99}), (GrantId{Epoch{2}, 1}));
  EXPECT_LT((GrantId{Epoch{2}, 1}), (GrantId{Epoch{2}, 2}));
}

TEST(ExecutionId, IsJobChildAndGrant) {
  EXPECT_EQ(to_string(ExecutionId{JobId{3}, 12, {Epoch{2}, 17}}), "3:12@2.17");
}

TEST(InstanceId, HasSixteenDigits) {
  EXPECT_EQ(to_string(InstanceId{0xabc}), "0000000000000abc");
  EXPECT_EQ(to_string(InstanceId{~std::uint64_t{0}}), "ffffffffffffffff");
}

TEST(NodeName, NamesTheShareFromTheSecondOn) {
  EXPECT_EQ(to_string(NodeName{"node2", 0}), "node2");
  EXPECT_EQ(to_string(NodeName{"node2", 1}), "node2/1");
}

}  // namespace
}  // namespace mpibatch::model
