#include "scheduler/retry.hpp"

#include <gtest/gtest.h>

#include "support/scheduler_driver.hpp"

namespace mpibatch::scheduler {
namespace {

using model::EndKind;
using model::RetryAction;
using model::Verdict;
using testing::end_of;

model::RetryStrategy strategy(std::uint32_t attempts, std::vector<model::RetryRule> rules = {}) {
  return {attempts, std::move(rules)};
}

TEST(Pattern, MatchesExactly) {
  EXPECT_TRUE(matches("137", "137"));
  EXPECT_FALSE(matches("137", "1377"));
  EXPECT_FALSE(matches("137", "13"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "0"));
}

TEST(Pattern, MatchesAPrefixBeforeATrailingStar) {
  EXPECT_TRUE(matches("13*", "137"));
  EXPECT_TRUE(matches("13*", "13"));
  EXPECT_FALSE(matches("13*", "1"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*", "anything"));
}

TEST(Pattern, KnowsNoOtherWildcard) {
  EXPECT_FALSE(matches("1*7", "137"));
  EXPECT_TRUE(matches("1*7", "1*7"));
  EXPECT_FALSE(matches("13?", "137"));
  EXPECT_FALSE(matches("Out*", "out of memory"));
}

TEST(Judge, RetriesAsLongAsAttemptsAreLeft) {
  const model::AttemptEnd end = end_of(EndKind::Exited, 1);
  EXPECT_EQ(judge(strategy(1), end, 0), Verdict::Failed);
  EXPECT_EQ(judge(strategy(3), end, 0), Verdict::Retried);
  EXPECT_EQ(judge(strategy(3), end, 1), Verdict::Retried);
  EXPECT_EQ(judge(strategy(3), end, 2), Verdict::Failed);
}

TEST(Judge, NeverRetriesATimeout) {
  const model::RetryRule always{{}, {}, "*", RetryAction::Retry};
  EXPECT_EQ(judge(strategy(10, {always}), end_of(EndKind::TimedOut, 143), 0), Verdict::Failed);
}

TEST(Judge, TakesTheFirstEntryThatMatches) {
  const model::RetryRule exit{{}, {}, "1*", RetryAction::Exit};
  const model::RetryRule retry{{}, {}, "13*", RetryAction::Retry};
  const model::AttemptEnd end = end_of(EndKind::Exited, 137);
  EXPECT_EQ(judge(strategy(5, {exit, retry}), end, 0), Verdict::Failed);
  EXPECT_EQ(judge(strategy(5, {retry, exit}), end, 0), Verdict::Retried);
}

TEST(Judge, WantsAllConditionsOfAnEntry) {
  const model::RetryRule both{{}, "Out of*", "137", RetryAction::Exit};
  EXPECT_EQ(judge(strategy(5, {both}), end_of(EndKind::Exited, 137, "Out of memory"), 0),
            Verdict::Failed);
  EXPECT_EQ(judge(strategy(5, {both}), end_of(EndKind::Exited, 137), 0), Verdict::Retried);
  EXPECT_EQ(judge(strategy(5, {both}), end_of(EndKind::Exited, 1, "Out of memory"), 0),
            Verdict::Retried);
}

TEST(Judge, RetriesWhereNoEntryMatches) {
  const model::RetryRule rule{{}, {}, "2", RetryAction::Exit};
  EXPECT_EQ(judge(strategy(2, {rule}), end_of(EndKind::Exited, 3), 0), Verdict::Retried);
}

TEST(Judge, ShowsASignalAsAnExitCode) {
  const model::RetryRule killed{{}, {}, "137", RetryAction::Exit};
  EXPECT_EQ(judge(strategy(5, {killed}), end_of(EndKind::Signaled, 9), 0), Verdict::Failed);
  EXPECT_EQ(judge(strategy(5, {killed}), end_of(EndKind::Signaled, 15), 0), Verdict::Retried);
}

TEST(Judge, ComparesTheStatusReason) {
  const model::RetryRule start{"Task failed to start", {}, {}, RetryAction::Exit};
  EXPECT_EQ(judge(strategy(5, {start}), end_of(EndKind::CannotStart, 127), 0), Verdict::Failed);
  EXPECT_EQ(judge(strategy(5, {start}), end_of(EndKind::Exited, 127), 0), Verdict::Retried);
}

TEST(Judge, AnEntryWithoutConditionsMatchesEverything) {
  EXPECT_EQ(judge(strategy(5, {{{}, {}, {}, RetryAction::Exit}}), end_of(EndKind::Exited, 1), 0),
            Verdict::Failed);
}

}  // namespace
}  // namespace mpibatch::scheduler
