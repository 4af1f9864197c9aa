#include "cli/log_lines.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mpibatch::cli {
namespace {

using store::Stream;
using Lines = std::vector<std::string>;

const model::ExecutionId kFirst{model::JobId{1}, 0, {model::Epoch{1}, 1}};
const model::ExecutionId kSecond{model::JobId{1}, 1, {model::Epoch{1}, 1}};

class Joined {
 public:
  void take(const model::ExecutionId& execution, Stream stream, std::string_view bytes) {
    joiner_.take(execution, stream, bytes, keep());
  }
  void end(const model::ExecutionId& execution, Stream stream) {
    joiner_.end(execution, stream, keep());
  }
  Lines lines() { return std::exchange(lines_, {}); }

 private:
  LineJoiner::TakeLine keep() {
    return [this](std::string_view line) { lines_.emplace_back(line); };
  }
  LineJoiner joiner_;
  Lines lines_;
};

TEST(LineJoiner, PutsPiecesTogether) {
  Joined joined;
  joined.take(kFirst, Stream::Stdout, "one\ntw");
  EXPECT_EQ(joined.lines(), Lines{"one"});
  joined.take(kFirst, Stream::Stdout, "o");
  EXPECT_EQ(joined.lines(), Lines{});
  joined.take(kFirst, Stream::Stdout, "\n\nthree\n");
  EXPECT_EQ(joined.lines(), (Lines{"two", "", "three"}));
  joined.end(kFirst, Stream::Stdout);
  EXPECT_EQ(joined.lines(), Lines{});
}

TEST(LineJoiner, KeepsAttemptsAndStreamsApart) {
  Joined joined;
  joined.take(kFirst, Stream::Stdout, "a");
  joined.take(kFirst, Stream::Stderr, "b");
  joined.take(kSecond, Stream::Stdout, "c");
  joined.take(kFirst, Stream::Stdout, "A\n");
  joined.take(kSecond, Stream::Stdout, "C\n");
  EXPECT_EQ(joined.lines(), (Lines{"aA", "cC"}));
  joined.end(kFirst, Stream::Stderr);
  joined.end(kFirst, Stream::Stderr);
  EXPECT_EQ(joined.lines(), Lines{"b"});
}

TEST(LineJoiner, KeepsEveryByteOfALongLine) {
  constexpr std::size_t kMost = LineJoiner::kLineBytesMax;
  Joined joined;
  joined.take(kFirst, Stream::Stdout, std::string(kMost - 1, 'x'));
  joined.take(kFirst, Stream::Stdout, std::string(kMost + 2, 'y') + "\nz\n");
  const Lines lines = joined.lines();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], std::string(kMost - 1, 'x') + "y");
  EXPECT_EQ(lines[1], std::string(kMost, 'y'));
  EXPECT_EQ(lines[2], "y");
  EXPECT_EQ(lines[3], "z");
}

TEST(LinePattern, IsAnExtendedRegularExpression) {
  const auto pattern = LinePattern::compile("^(warn|error): [0-9]+$");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->matches("error: 17"));
  EXPECT_FALSE(pattern->matches("error: x"));
  EXPECT_FALSE(pattern->matches(""));
  EXPECT_TRUE(LinePattern::compile("")->matches(""));
  EXPECT_TRUE(LinePattern::compile("^$")->matches(""));
}

TEST(LinePattern, SurvivesAnyByte) {
  const auto pattern = LinePattern::compile("b$");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->matches(std::string_view("a\0\xff\x80 b", 6)));
  EXPECT_FALSE(pattern->matches(std::string_view("b\0a", 3)));
}

TEST(LinePattern, ABadOneIsRefusedWithItsCause) {
  for (const char* bad : {"[a", "(a", "*(", "a{2,1}"}) {
    const auto pattern = LinePattern::compile(bad);
    ASSERT_FALSE(pattern) << bad;
    EXPECT_EQ(pattern.error().kind, ErrorKind::Usage);
    EXPECT_NE(pattern.error().message.find(bad), std::string::npos);
  }
  EXPECT_NE(LinePattern::compile("(a").error().message.find("Unmatched ("), std::string::npos);
}

}  // namespace
}  // namespace mpibatch::cli
