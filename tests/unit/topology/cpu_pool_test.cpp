#include <gtest/gtest.h>

#include <mpibatch/topology/allocation.hpp>

namespace mpibatch::topology {
namespace {

using Numbers = std::vector<std::uint32_t>;

// Two packages of two cores of two threads.
Allocation machine() {
  Allocation allocation;
  allocation.capacity.vcpus = 8;
  allocation.cpus = {0, 4, 1, 5, 2, 6, 3, 7};
  allocation.steps = {1, 2, 1, 3, 1, 2, 1};
  return allocation;
}

TEST(CpuPool, TakesWholeObjects) {
  CpuPool pool(machine());
  EXPECT_EQ(pool.take(2), (Numbers{0, 4}));        // a core
  EXPECT_EQ(pool.take(4), (Numbers{2, 6, 3, 7}));  // the package that is free as a whole
  EXPECT_EQ(pool.take(2), (Numbers{1, 5}));
  EXPECT_EQ(pool.free(), 0U);
  EXPECT_EQ(pool.take(1), std::nullopt);
}

TEST(CpuPool, FillsUsedObjectsFirst) {
  CpuPool pool(machine());
  EXPECT_EQ(pool.take(1), Numbers{0});
  EXPECT_EQ(pool.take(1), Numbers{4});  // the same core's other thread
  EXPECT_EQ(pool.take(1), Numbers{1});  // the same package's other core
  EXPECT_EQ(pool.take(4), (Numbers{2, 6, 3, 7}));
}

TEST(CpuPool, CrossesAsFewObjectsAsItCan) {
  CpuPool pool(machine());
  ASSERT_EQ(pool.take(2), (Numbers{0, 4}));
  EXPECT_EQ(pool.take(3), (Numbers{2, 6, 3}));
  EXPECT_EQ(pool.take(3), (Numbers{1, 5, 7}));
}

TEST(CpuPool, NeverGivesACpuTwice) {
  CpuPool pool(machine());
  const auto first = pool.take(3);
  const auto second = pool.take(5);
  ASSERT_TRUE(first && second);
  Numbers all = *first;
  all.insert(all.end(), second->begin(), second->end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (Numbers{0, 1, 2, 3, 4, 5, 6, 7}));
  pool.give_back(*first);
  EXPECT_EQ(pool.free(), 3U);
  EXPECT_EQ(pool.take(4), std::nullopt);
  EXPECT_EQ(pool.take(3), first);
}

TEST(CpuPool, TakesNothingForNothing) {
  CpuPool pool(machine());
  EXPECT_EQ(pool.take(0), Numbers{});
  EXPECT_EQ(pool.free(), 8U);
  EXPECT_EQ(CpuPool(Allocation{{0, 0}, {}, {}, true, {}, {}}).take(1), std::nullopt);
}

TEST(CpuPool, GivesEmptySetsWhereTheShareIsNotPinned) {
  Allocation allocation = machine();
  allocation.pinned = false;
  allocation.capacity.vcpus = 100;
  CpuPool pool(allocation);
  EXPECT_EQ(pool.take(50), Numbers{});
  pool.give_back({});
  EXPECT_EQ(pool.free(), 100U);
}

TEST(CpuPool, TakesCpusWithoutDistancesAsEquallyNear) {
  Allocation allocation;
  allocation.cpus = {0, 1, 2};
  CpuPool pool(allocation);
  EXPECT_EQ(pool.take(2), (Numbers{0, 1}));
}

}  // namespace
}  // namespace mpibatch::topology
