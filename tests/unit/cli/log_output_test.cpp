#include "cli/log_output.hpp"

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

using store::Attempt;
using store::Stream;

Attempt attempt_numbered(model::ChildIndex child, unsigned number = 1) {
  Attempt attempt;
  attempt.execution = {model::JobId{0}, child, {model::Epoch{1}, number}};
  attempt.child = child;
  attempt.attempt = number;
  attempt.node = {"n1", 0};
  attempt.state = store::AttemptState::Ended;
  attempt.end.emplace();
  return attempt;
}

class LogOutputTest : public ::testing::Test {
 protected:
  LogOutput output(LogStyle style) {
    return LogOutput(
        std::move(style),
        [](model::JobId, model::ChildIndex child) {
          return LogName{"align", true, child, "NA" + std::to_string(child)};
        },
        [this](std::string_view text) {
          printed += text;
          return Result<void>{};
        });
  }
  static LogStyle lines(const char* pattern, bool names) {
    return {names, false, LinePattern::compile(pattern).value()};
  }

  std::string printed;
};

TEST_F(LogOutputTest, OneAttemptIsPrintedAsItIs) {
  auto log = output({});
  log.announce(attempt_numbered(1));
  log.take(attempt_numbered(1), Stream::Stdout, std::string_view("a\0b", 3));
  log.take(attempt_numbered(1), Stream::Stderr, "c");
  log.end(attempt_numbered(1));
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed, std::string("a\0bc", 4));
}

TEST_F(LogOutputTest, EachSwitchBetweenAttemptsHasAHeader) {
  auto log = output({true, false, {}});
  log.take(attempt_numbered(1), Stream::Stdout, "a\n");
  log.take(attempt_numbered(1), Stream::Stdout, "b");
  log.take(attempt_numbered(2), Stream::Stdout, "c\n");
  log.take(attempt_numbered(1), Stream::Stdout, "d\n");
  Attempt failed = attempt_numbered(3, 2);
  failed.end->code = 7;
  log.announce(failed);
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed,
            "==> align:NA1, attempt 1 on n1 <==\na\nb\n"
            "==> align:NA2, attempt 1 on n1 <==\nc\n"
            "==> align:NA1, attempt 1 on n1 <==\nd\n"
            "==> align:NA3, attempt 2 on n1, exit code 7: Essential container in task exited "
            "<==\n");
}

TEST_F(LogOutputTest, ALaterAttemptOfOneChildIsAnnounced) {
  auto log = output({});
  log.take(attempt_numbered(1, 1), Stream::Stdout, "a\n");
  log.take(attempt_numbered(1, 2), Stream::Stdout, "b\n");
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed, "a\n==> align:NA1, attempt 2 on n1 <==\nb\n");
}

TEST_F(LogOutputTest, MatchingLinesCarryTheirName) {
  auto log = output(lines("x", true));
  log.take(attempt_numbered(1), Stream::Stdout, "ax");
  log.take(attempt_numbered(1), Stream::Stderr, "no\n");
  log.take(attempt_numbered(2), Stream::Stdout, "cx\nd\n");
  log.take(attempt_numbered(1), Stream::Stdout, "b\nlast x");
  log.end(attempt_numbered(1));
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed, "align:NA2: cx\nalign:NA1: axb\nalign:NA1: last x\n");
  EXPECT_EQ(log.lines(), 3U);
}

TEST_F(LogOutputTest, MatchingLinesOfOneChildStandAlone) {
  auto log = output(lines("^x", false));
  log.take(attempt_numbered(1), Stream::Stdout, "ax\nxb\n");
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed, "xb\n");
}

TEST_F(LogOutputTest, LinesAsJsonAreUtf8) {
  auto log = output({true, true, {}});
  log.take(attempt_numbered(1), Stream::Stderr, "a\"\xff\nb");
  log.end(attempt_numbered(1));
  ASSERT_TRUE(log.flush());
  const std::string rest = R"("node":"n1","stream":"stderr"})";
  EXPECT_EQ(printed, R"({"attempt":1,"index":1,"jobName":"align","key":"NA1","message":"a\")"
                     "\xEF\xBF\xBD\"," +
                         rest +
                         "\n"
                         R"({"attempt":1,"index":1,"jobName":"align","key":"NA1","message":"b",)" +
                         rest + "\n");
}

TEST_F(LogOutputTest, SaysOnceWhereOutputWasCut) {
  constexpr std::uint64_t kGib = std::uint64_t{1} << 30;
  auto log = output({});
  const Attempt attempt = attempt_numbered(1);
  log.take(attempt, Stream::Stdout, "kept");
  log.cut(attempt, {attempt.execution, Stream::Stdout, 4, kGib, 4});
  log.cut(attempt, {attempt.execution, Stream::Stdout, 4 + kGib, kGib / 5, 4});
  log.end(attempt);
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed,
            "kept\n[mpibatch: output was cut here: 1.2 GiB of stdout were not kept; the limit is "
            "4 B]\n");
}

TEST_F(LogOutputTest, SaysWhileItIsBeingCutAndHowMuchItWas) {
  auto log = output({});
  const Attempt attempt = attempt_numbered(1);
  log.cut(attempt, {attempt.execution, Stream::Stderr, 4, 10, 4});
  ASSERT_TRUE(log.flush());
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed,
            "[mpibatch: output was cut here: 10 B of stderr were not kept so far; the limit is "
            "4 B]\n");
  printed.clear();
  log.cut(attempt, {attempt.execution, Stream::Stderr, 14, 5, 4});
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed, "");
  log.take(attempt, Stream::Stderr, "the end\n");
  log.end(attempt);
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed,
            "[mpibatch: output was cut here: 15 B of stderr were not kept; the limit is 4 B]\n"
            "the end\n");
}

TEST_F(LogOutputTest, NoLineReachesOverAGap) {
  auto log = output(lines("a.*z", false));
  const Attempt attempt = attempt_numbered(1);
  log.take(attempt, Stream::Stdout, "a");
  log.cut(attempt, {attempt.execution, Stream::Stdout, 1, 10, 4});
  log.take(attempt, Stream::Stdout, "z\nabcz\n");
  log.end(attempt);
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(printed, "abcz\n");
}

TEST_F(LogOutputTest, AGapIsAnObjectOfItsOwn) {
  auto log = output({false, true, {}});
  const Attempt attempt = attempt_numbered(1);
  log.cut(attempt, {attempt.execution, Stream::Stdout, 4, 10, 4});
  log.end(attempt);
  ASSERT_TRUE(log.flush());
  EXPECT_NE(printed.find(R"("bytesCut":10,"bytesLimit":4)"), std::string::npos) << printed;
}

TEST_F(LogOutputTest, AFileIsNamed) {
  auto log = output({true, false, {}});
  log.elsewhere(attempt_numbered(1), Stream::Stdout, "/data/a\nb.out");
  EXPECT_TRUE(log.flush());
  EXPECT_EQ(printed,
            "==> align:NA1, attempt 1 on n1 <==\n[mpibatch: stdout goes to /data/a b.out]\n");
  printed.clear();
  auto objects = output({true, true, {}});
  objects.elsewhere(attempt_numbered(1), Stream::Stderr, "/data/e");
  EXPECT_TRUE(objects.flush());
  EXPECT_NE(printed.find(R"("logFile":"/data/e")"), std::string::npos) << printed;
  EXPECT_NE(printed.find(R"("stream":"stderr")"), std::string::npos) << printed;
}

TEST_F(LogOutputTest, ASearchSaysOnceThatFilesAreNotSearched) {
  auto log = output(lines("x", true));
  ::testing::internal::CaptureStderr();
  for (model::ChildIndex child = 1; child < 3; ++child)
    log.elsewhere(attempt_numbered(child), Stream::Stdout, "/data/out");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "mpibatch: warning: align:NA1: stdout goes to /data/out; files are not searched\n");
  EXPECT_TRUE(log.flush());
  EXPECT_EQ(printed, "");
}

TEST(LogOutput, AFailureIsFinal) {
  int calls = 0;
  LogOutput log({}, nullptr, [&](std::string_view) -> Result<void> {
    ++calls;
    return fail(ErrorKind::System, "disk full");
  });
  for (int i = 0; i < 3; ++i) {
    log.take(attempt_numbered(1), Stream::Stdout, "a");
    EXPECT_FALSE(log.flush());
  }
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace mpibatch::cli
