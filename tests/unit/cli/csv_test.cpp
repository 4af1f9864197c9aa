#include "cli/csv.hpp"

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

TEST(Csv, QuotesWhatWouldBreakALine) {
  std::string text;
  CsvLine line(text);
  line.text("plain, not").text("a \"word\"").text("two\nlines").text("").text("as is");
  line.end();
  EXPECT_EQ(text, "\"plain, not\",\"a \"\"word\"\"\",\"two\nlines\",,as is\r\n");
}

TEST(Csv, NumbersAreForMachinesAndUnknownOnesEmpty) {
  std::string text;
  CsvLine line(text);
  line.number(std::int64_t{-3}).number(UINT64_MAX).real(0.5, 3).real(std::nullopt, 3).empty(2);
  line.end();
  EXPECT_EQ(text, "-3,18446744073709551615,0.500,,,\r\n");
}

}  // namespace
}  // namespace mpibatch::cli
