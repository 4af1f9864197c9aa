#include <mpibatch/model/attempt.hpp>

#include <csignal>

#include <gtest/gtest.h>

#include <mpibatch/model/state.hpp>

namespace mpibatch::model {
namespace {

AttemptEnd ended(EndKind kind, std::int32_t code) {
  AttemptEnd end;
  end.kind = kind;
  end.code = code;
  return end;
}

TEST(AttemptEnd, SucceedsOnlyByExitingWithZero) {
  EXPECT_TRUE(ended(EndKind::Exited, 0).succeeded());
  EXPECT_FALSE(ended(EndKind::Exited, 1).succeeded());
  EXPECT_FALSE(ended(EndKind::TimedOut, 0).succeeded());
  EXPECT_FALSE(ended(EndKind::Stopped, 0).succeeded());
}

TEST(ExitCode, CountsSignalsFrom128) {
  EXPECT_EQ(exit_code(ended(EndKind::Exited, 3)), 3);
  EXPECT_EQ(exit_code(ended(EndKind::Signaled, SIGKILL)), 137);
  EXPECT_EQ(exit_code(ended(EndKind::TimedOut, 143)), 143);
  EXPECT_EQ(exit_code(ended(EndKind::CannotStart, 127)), 127);
}

TEST(StatusReason, IsWordedAsAwsBatchDoes) {
  EXPECT_EQ(status_reason(ended(EndKind::Exited, 3)), kReasonExited);
  EXPECT_EQ(status_reason(ended(EndKind::Signaled, 9)), kReasonExited);
  EXPECT_EQ(status_reason(ended(EndKind::TimedOut, 143)), kReasonTimeout);
  EXPECT_EQ(status_reason(ended(EndKind::CannotStart, 127)), kReasonCannotStart);
  EXPECT_EQ(status_reason(ended(EndKind::Stopped, 0)), kReasonStopped);
}

}  // namespace
}  // namespace mpibatch::model
