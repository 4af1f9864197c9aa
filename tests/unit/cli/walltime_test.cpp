#include "cli/walltime.hpp"

#include <map>

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

using namespace std::chrono_literals;

TEST(ParseWalltime, KnowsSecondsAndSlurmsForms) {
  const std::map<std::string, Duration> good = {{"1", 1s},
                                                {"90", 90s},
                                                {"05:30", 330s},
                                                {"1:00:00", 3600s},
                                                {"100:00:00", 360000s},
                                                {"2-01:02:03", 176523s}};
  for (const auto& [text, time] : good) EXPECT_EQ(parse_walltime(text).value(), time) << text;
}

TEST(ParseWalltime, RefusesTheRest) {
  for (const char* text : {"", "0", "-5", "1h", "1:60", "1:2:3:4", "1:", ":1", "2-5", "1-2:3", "x",
                           "00:00:00", "99999999999999999999", "9223372036854775807"}) {
    const auto parsed = parse_walltime(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find("HH:MM:SS"), std::string::npos);
  }
}

struct Variables {
  std::map<std::string, std::string> of;
  const char* operator()(const char* name) const {
    const auto found = of.find(name);
    return found == of.end() ? nullptr : found->second.c_str();
  }
};

TEST(SlurmTime, IsWhatIsLeftOfTheJob) {
  Variables variables{
      {{"SLURM_JOB_ID", "7"}, {"SLURM_JOB_START_TIME", "1000"}, {"SLURM_JOB_END_TIME", "4600"}}};
  EXPECT_EQ(slurm_time(variables, 1100s), (TimeSpan{-100s, 3500s}));
  variables.of.erase("SLURM_JOB_START_TIME");
  EXPECT_EQ(slurm_time(variables, 1100s), (TimeSpan{0s, 3500s}));
  variables.of["SLURM_JOB_END_TIME"] = "soon";
  EXPECT_EQ(slurm_time(variables, 1100s), std::nullopt);
  EXPECT_EQ(slurm_time(Variables{{{"SLURM_JOB_END_TIME", "4600"}}}, 1100s), std::nullopt);
}

}  // namespace
}  // namespace mpibatch::cli
