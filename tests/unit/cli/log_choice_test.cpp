#include "cli/log_choice.hpp"

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

store::Attempt attempt_of(model::ChildIndex child, unsigned number, std::int64_t started_at) {
  store::Attempt attempt;
  attempt.execution = {
      model::JobId{0}, child, {model::Epoch{1}, static_cast<std::uint32_t>(started_at)}};
  attempt.child = child;
  attempt.attempt = number;
  attempt.node = {"n" + std::to_string(child), 0};
  attempt.started_at = instant_from_us(started_at);
  attempt.segment = "/nodes/n" + std::to_string(child);
  attempt.begin = 10;
  attempt.stop = 20;
  return attempt;
}

std::vector<store::Attempt> chosen(unsigned number, const std::vector<store::Attempt>& attempts) {
  LogChoice choice;
  choice.attempt = number;
  ChosenAttempts all(choice);
  const scheduler::Scheduler core;
  for (const store::Attempt& attempt : attempts) all.add(attempt, core);
  std::vector<store::Attempt> found;
  all.for_each([&](const store::Attempt& attempt) {
    found.push_back(attempt);
    return true;
  });
  return found;
}

TEST(ChosenAttempts, AreTheLastOfEachChild) {
  // The run stopped the first attempt of child 1: it ran again under the same number.
  const auto found = chosen(
      0, {attempt_of(1, 1, 5), attempt_of(0, 2, 4), attempt_of(1, 1, 9), attempt_of(0, 1, 3)});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].child, 0U);
  EXPECT_EQ(found[0].attempt, 2U);
  EXPECT_EQ(found[1].started_at, instant_from_us(9));
}

TEST(ChosenAttempts, MayBeThoseOfANumber) {
  const auto found = chosen(1, {attempt_of(0, 1, 3), attempt_of(0, 2, 4), attempt_of(1, 2, 5)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].started_at, instant_from_us(3));
}

TEST(ChosenAttempts, SayWhereOutputIsAndHowItEnded) {
  store::Attempt ended = attempt_of(3, 1, 7);
  ended.state = store::AttemptState::Ended;
  ended.end.emplace();
  ended.end->code = 9;
  ended.end->reason = "why";
  const auto found = chosen(0, {ended, attempt_of(4, 1, 8)});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].segment, "/nodes/n3");
  EXPECT_EQ(found[0].node, ended.node);
  EXPECT_EQ(found[0].begin, 10U);
  EXPECT_EQ(found[0].stop, 20U);
  EXPECT_EQ(found[0].end, ended.end);
  EXPECT_EQ(found[1].state, store::AttemptState::Running);
  EXPECT_FALSE(found[1].end);
}

TEST(ChosenAttempts, StopWhereTheReaderDoes) {
  ChosenAttempts all{LogChoice{}};
  const scheduler::Scheduler core;
  for (model::ChildIndex child = 0; child < 5; ++child) all.add(attempt_of(child, 2, 1), core);
  int seen = 0;
  all.for_each([&](const store::Attempt&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(all.last_attempt(), 2U);
}

}  // namespace
}  // namespace mpibatch::cli
