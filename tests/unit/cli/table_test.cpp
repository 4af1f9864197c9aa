#include "cli/table.hpp"

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

TEST(Table, AlignsNumbersRightAndWordsLeft) {
  Table table({{"JOB"}, {"SIZE", Align::Right}, {"REASON"}});
  table.add({"align", "16", "ok"});
  table.add({"x", "1000", ""});
  EXPECT_EQ(table.text(),
            "JOB    SIZE  REASON\n"
            "align    16  ok\n"
            "x      1000  -\n");
}

TEST(Table, CountsCharactersRatherThanBytes) {
  Table table({{"KEY"}, {"N", Align::Right}});
  table.add({"né", "1"});
  table.add({"abcd", "2"});
  EXPECT_EQ(table.text(),
            "KEY   N\n"
            "né    1\n"
            "abcd  2\n");
}

TEST(Table, KeepsARowOnOneLine) {
  Table table({{"REASON"}});
  table.add({"two\nlines \x1b[31mred"});
  EXPECT_EQ(table.text(), "REASON\ntwo lines \\x1b[31mred\n");
}

TEST(Table, WithoutRowsIsItsTitles) {
  const Table table({{"JOB"}, {"STATUS"}});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.text(), "JOB  STATUS\n");
}

}  // namespace
}  // namespace mpibatch::cli
