#include <mpibatch/model/ranges.hpp>

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace mpibatch::model {
namespace {

TEST(Ranges, AreMadeFromChildrenInAnyOrder) {
  EXPECT_EQ(ranges_of({9, 2, 0, 1, 2, 5}), (Ranges{{0, 3}, {5, 6}, {9, 10}}));
  EXPECT_EQ(ranges_of({}), Ranges{});
}

TEST(Ranges, AreWrittenWithBothEnds) {
  EXPECT_EQ(to_string(Ranges{{0, 8}, {9, 10}}), "0-7,9");
  EXPECT_EQ(to_string(Ranges{}), "");
}

TEST(Ranges, CountAndHoldTheirChildren) {
  const Ranges ranges = {{2, 4}, {6, 7}};
  EXPECT_EQ(count(ranges), 3U);
  std::vector<ChildIndex> held;
  for (ChildIndex child = 0; child < 9; ++child)
    if (contains(ranges, child)) held.push_back(child);
  EXPECT_EQ(held, (std::vector<ChildIndex>{2, 3, 6}));
  std::vector<ChildIndex> visited;
  for_each(ranges, [&](ChildIndex child) { visited.push_back(child); });
  EXPECT_EQ(visited, held);
}

TEST(Ranges, CountBeyond32Bits) {
  constexpr ChildIndex kMost = ~ChildIndex{0};
  EXPECT_EQ(count(Ranges{{0, kMost}, {0, kMost}}), 2 * std::uint64_t{kMost});
}

TEST(WellFormed, WantsOrderGapsAndNoEmptyRange) {
  EXPECT_TRUE(well_formed({}));
  EXPECT_TRUE(well_formed({{0, 1}, {2, 5}}));
  EXPECT_FALSE(well_formed({{1, 1}}));
  EXPECT_FALSE(well_formed({{2, 1}}));
  EXPECT_FALSE(well_formed({{0, 1}, {1, 2}}));
  EXPECT_FALSE(well_formed({{0, 3}, {2, 5}}));
  EXPECT_FALSE(well_formed({{4, 5}, {0, 1}}));
}

TEST(RangeSet, MergesWhatTouches) {
  RangeSet set;
  set.insert(Range{0, 2});
  set.insert(Range{4, 6});
  set.insert(Range{2, 4});
  EXPECT_EQ(set.ranges(), (Ranges{{0, 6}}));
  set.erase(3);
  EXPECT_EQ(set.ranges(), (Ranges{{0, 3}, {4, 6}}));
  EXPECT_EQ(set.size(), 5U);
}

TEST(RangeSet, IgnoresEmptyRanges) {
  RangeSet set;
  set.insert(Range{3, 3});
  set.insert(Range{3, 1});
  EXPECT_TRUE(set.empty());
  set.insert(Range{0, 5});
  set.erase(Range{4, 2});
  EXPECT_EQ(set.size(), 5U);
}

TEST(RangeSet, GivesTheLowestFirst) {
  RangeSet set;
  set.insert(Range{7, 9});
  set.insert(Range{1, 4});
  EXPECT_EQ(set.front(), 1U);
  EXPECT_EQ(set.take_front(4), (Ranges{{1, 4}, {7, 8}}));
  EXPECT_EQ(set.take_front(0), Ranges{});
  EXPECT_EQ(set.take_front(99), (Ranges{{8, 9}}));
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.size(), 0U);
}

TEST(RangeSetDeathTest, HasNoFrontWhenEmpty) { EXPECT_DEATH(RangeSet{}.front(), "empty"); }

class RangeSetAgainstSet : public ::testing::TestWithParam<unsigned> {};

TEST_P(RangeSetAgainstSet, AgreesAfterEveryStep) {
  constexpr ChildIndex kChildren = 40;
  std::mt19937 random(GetParam());
  RangeSet set;
  std::set<ChildIndex> reference;
  for (int step = 0; step < 2'000; ++step) {
    const auto begin = static_cast<ChildIndex>(random() % kChildren);
    const Range range{begin, begin + static_cast<ChildIndex>(random() % 8)};
    const auto operation = random() % 8;
    if (operation == 0) {
      const std::uint64_t most = random() % 5;
      std::vector<ChildIndex> lowest;
      while (lowest.size() < most && !reference.empty())
        lowest.push_back(reference.extract(reference.begin()).value());
      ASSERT_EQ(set.take_front(most), ranges_of(lowest));
    } else if (operation < 5) {
      set.insert(range);
      for (ChildIndex child = range.begin; child < range.end; ++child) reference.insert(child);
    } else {
      set.erase(range);
      reference.erase(reference.lower_bound(range.begin), reference.lower_bound(range.end));
    }
    ASSERT_EQ(set.size(), reference.size());
    ASSERT_EQ(set.empty(), reference.empty());
    ASSERT_TRUE(well_formed(set.ranges()));
    ASSERT_EQ(set.ranges(), ranges_of({reference.begin(), reference.end()}));
    ASSERT_EQ(set.contains(begin), reference.contains(begin));
    ASSERT_EQ(contains(set.ranges(), begin), reference.contains(begin));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RangeSetAgainstSet, ::testing::Range(0U, 10U));

}  // namespace
}  // namespace mpibatch::model
