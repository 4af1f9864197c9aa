#include "cli/help_formatter.hpp"

#include <string>

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

namespace mpibatch::cli {
namespace {

class Help : public testing::Test {
 protected:
  std::string of(CLI::Option* option) const { return help_formatter()->make_option_opts(option); }
  CLI::App app_;
  unsigned count_ = 3;
  double seconds_ = 0;
  std::string text_;
};

TEST_F(Help, BoundsAreInWords) {
  EXPECT_EQ(of(app_.add_option("--a", count_)->check(CLI::Range(1U, 10U))), " N (1 to 10)");
  EXPECT_EQ(of(app_.add_option("--b", count_)->check(CLI::Range(1U, 10U))->capture_default_str()),
            " N (1 to 10, default 3)");
  EXPECT_EQ(of(app_.add_option("--c", seconds_)->check(CLI::Range(0.0, 5.0))), " X (0 to 5)");
  EXPECT_EQ(of(app_.add_option("--d", seconds_)->type_name("RATE")->check(CLI::Range(0.0, 5.0))),
            " RATE (0 to 5)");
  EXPECT_EQ(of(app_.add_option("e", count_)->type_name("")->check(CLI::Range(0U, 9U))->required()),
            " (0 to 9) REQUIRED");
}

TEST_F(Help, OtherOptionsAreAsTheyAre) {
  EXPECT_EQ(of(app_.add_option("--a", count_)), " N");
  EXPECT_EQ(of(app_.add_option("--b", text_)->type_name("DIR")), " DIR");
  EXPECT_EQ(of(app_.add_flag("--c")), "");
}

}  // namespace
}  // namespace mpibatch::cli
