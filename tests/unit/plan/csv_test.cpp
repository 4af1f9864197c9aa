#include "plan/csv.hpp"

#include <gtest/gtest.h>

namespace mpibatch::plan {
namespace {

std::string show(std::string_view text) {
  std::string shown;
  std::size_t at = 0;
  while (at < text.size()) {
    std::vector<std::string> values;
    const CsvRecord record = read_csv_record(text, at, &values);
    if (record.fault) return shown + "!" + record.fault;
    EXPECT_EQ(record.fields, values.size());
    EXPECT_GT(record.end, at);
    for (const std::string& value : values) shown += "[" + value + "]";
    shown += ";";
    at = record.end;
  }
  return shown;
}

TEST(Csv, SplitsPlainRecords) {
  EXPECT_EQ(show("a,b\nc,d\n"), "[a][b];[c][d];");
  EXPECT_EQ(show("a,b\r\nc,d"), "[a][b];[c][d];");
  EXPECT_EQ(show(",\n"), "[][];");
  EXPECT_EQ(show("a b , c"), "[a b ][ c];");
}

TEST(Csv, UnderstandsQuotes) {
  EXPECT_EQ(show("\"a,b\",c\n"), "[a,b][c];");
  EXPECT_EQ(show("\"say \"\"hi\"\"\",\"\"\r\n"), "[say \"hi\"][];");
  EXPECT_EQ(show("\"two\r\nlines\",x\ny,z"), "[two\r\nlines][x];[y][z];");
  EXPECT_EQ(show("x,\"\"\"\""), "[x][\"];");
  EXPECT_EQ(show("\"x\",\n"), "[x][];");
  EXPECT_EQ(show("\"x\","), "[x][];");
  EXPECT_EQ(show("5\" pipe,a\n"), "[5\" pipe][a];");
}

TEST(Csv, FindsFaultsOfQuotes) {
  EXPECT_NE(show("a,\"b\nc,d\n").find("never closed"), std::string::npos);
  EXPECT_NE(show("\"a\"b,c\n").find("follows a closing quote"), std::string::npos);
}

TEST(Csv, CountsLinesInRisingOrder) {
  LineCounter lines("a\nb\n\nc");
  EXPECT_EQ(lines.line(0), 1U);
  EXPECT_EQ(lines.line(2), 2U);
  EXPECT_EQ(lines.line(5), 4U);
}

}  // namespace
}  // namespace mpibatch::plan
