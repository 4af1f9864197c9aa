#include <mpibatch/model/task_line.hpp>

#include <gtest/gtest.h>

namespace mpibatch::model {
namespace {

using Words = std::vector<std::string>;

TEST(TaskLine, IsSplitAtBlanks) {
  EXPECT_EQ(task_line_words("gzip -9 \ta.fq"), (Words{"gzip", "-9", "a.fq"}));
  EXPECT_EQ(task_line_words("  true "), (Words{"true"}));
  EXPECT_EQ(task_line_words("./run.sh n=4 a:b,c/d@e%f+g"),
            (Words{"./run.sh", "n=4", "a:b,c/d@e%f+g"}));
}

TEST(TaskLine, GoesToAShellWithItsSyntax) {
  for (const char* line :
       {"a | b",      "a > b",    "a < b",      "a && b",     "a; b",    "a &",     "echo $HOME",
        "echo `id`",  "echo 'x'", "echo \"x\"", "echo a\\ b", "ls *.fq", "ls ?.fq", "ls [ab]",
        "echo {a,b}", "(a)",      "ls ~",       "true # why", "! true",  "a\nb"})
    EXPECT_EQ(task_line_words(line), std::nullopt) << line;
}

TEST(TaskLine, GoesToAShellWhereItActsOnTheShell) {
  for (const char* line : {"cd x", "exit 3", "x=1 run", "x=1", "export a", ". ./env", "time a",
                           "if a", "source env", "", "  "})
    EXPECT_EQ(task_line_words(line), std::nullopt) << line;
}

TEST(TaskLine, WithANulIsNoArgumentList) {
  EXPECT_EQ(task_line_words(std::string_view("echo a\0b", 8)), std::nullopt);
}

}  // namespace
}  // namespace mpibatch::model
