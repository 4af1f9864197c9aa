#include "cli/packed_attempts.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

using std::chrono::seconds;

store::Attempt attempt_of(std::uint32_t job, model::ChildIndex child, int started,
                          std::optional<int> code, std::string reason = "") {
  store::Attempt attempt;
  attempt.execution = {model::JobId{job}, child + 100, {model::Epoch{1}, 7}};
  attempt.child = child;
  attempt.attempt = 2;
  attempt.node = {"b", child};
  attempt.started_at = Instant{seconds{started}};
  attempt.cpus = {child, child + 1};
  if (!code) return attempt;
  attempt.state = store::AttemptState::Ended;
  attempt.end = model::AttemptEnd{model::EndKind::Exited,
                                  *code,
                                  std::move(reason),
                                  attempt.started_at,
                                  Instant{seconds{started + 1}},
                                  {seconds{1}, seconds{2}, seconds{3}, 4096}};
  return attempt;
}

std::vector<store::Attempt> read(PackedAttempts& packed, std::uint32_t job,
                                 model::ChildIndex child) {
  std::vector<store::Attempt> attempts(3, attempt_of(9, 9, 9, 9, "left from before"));
  packed.read(model::JobId{job}, child, attempts);
  return attempts;
}

void expect_same(const store::Attempt& a, const store::Attempt& b) {
  EXPECT_EQ(a.execution, b.execution);
  EXPECT_EQ(a.child, b.child);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.node, b.node);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.started_at, b.started_at);
  EXPECT_EQ(a.cpus, b.cpus);
  EXPECT_EQ(a.end, b.end);
}

TEST(PackedAttempts, ComeBackChildByChildInTheOrderOfTheirStarts) {
  const store::Attempt late = attempt_of(1, 5, 20, std::nullopt);
  const store::Attempt early = attempt_of(1, 5, 10, 3, "no luck");
  const store::Attempt other = attempt_of(1, 2, 30, 0);
  const store::Attempt before = attempt_of(0, 8, 40, 0);
  PackedAttempts packed;
  for (const auto* attempt : {&late, &other, &before, &early}) packed.add(*attempt);
  packed.sort();
  EXPECT_TRUE(read(packed, 0, 7).empty());
  auto found = read(packed, 0, 8);
  ASSERT_EQ(found.size(), 1U);
  expect_same(found[0], before);
  found = read(packed, 1, 2);
  ASSERT_EQ(found.size(), 1U);
  expect_same(found[0], other);
  found = read(packed, 1, 5);
  ASSERT_EQ(found.size(), 2U);
  expect_same(found[0], early);
  expect_same(found[1], late);
  EXPECT_TRUE(read(packed, 2, 0).empty());
}

TEST(PackedAttempts, ChildrenThatNobodyAsksForArePassedOver) {
  PackedAttempts packed;
  for (model::ChildIndex child = 0; child < 10; ++child)
    packed.add(attempt_of(0, child, 1, static_cast<int>(child)));
  packed.sort();
  ASSERT_EQ(read(packed, 0, 4).size(), 1U);
  ASSERT_EQ(read(packed, 0, 9).size(), 1U);
}

}  // namespace
}  // namespace mpibatch::cli
