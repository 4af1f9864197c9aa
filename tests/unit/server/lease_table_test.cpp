#include "server/lease_table.hpp"

#include <gtest/gtest.h>

namespace mpibatch::server {
namespace {

using namespace std::chrono_literals;

constexpr Instant at(Duration time) { return Instant{time}; }
const LeaseTable::Key kOne{model::NodeId{0}, {1}};
const LeaseTable::Key kTwo{model::NodeId{0}, {2}};

TEST(LeaseTable, LapsesFourThirdsOfALeaseAndAMarginAfterTheLastRenewal) {
  LeaseTable table(60s, 2s);
  table.renewed(kOne, at(10s));
  EXPECT_EQ(table.lapse(kOne), at(92s));
  EXPECT_TRUE(table.lapsed(at(92s) - Duration{1}).empty());
  EXPECT_EQ(table.lapsed(at(92s)), std::vector<LeaseTable::Key>{kOne});
  table.renewed(kOne, at(50s));
  EXPECT_TRUE(table.lapsed(at(92s)).empty());
  EXPECT_EQ(table.lapse(kOne), at(132s));
}

TEST(LeaseTable, KnowsInstancesOfANodeApart) {
  LeaseTable table(60s, 2s);
  table.renewed(kOne, at(0s));
  table.lapses_at(kTwo, at(5s));
  EXPECT_EQ(table.lapsed(at(5s)), std::vector<LeaseTable::Key>{kTwo});
  EXPECT_EQ(table.next(), at(5s));
  table.forget(kTwo);
  EXPECT_EQ(table.next(), at(82s));
  EXPECT_EQ(table.lapse(kTwo), std::nullopt);
}

TEST(LeaseTable, OfNobodyWaitsForNothing) {
  const LeaseTable table(60s, 2s);
  EXPECT_EQ(table.next(), std::nullopt);
  EXPECT_TRUE(table.lapsed(at(1000s)).empty());
  EXPECT_EQ(table.lapse(kOne), std::nullopt);
}

}  // namespace
}  // namespace mpibatch::server
