#include "support/scheduler_timeline.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using model::ChildIndex;
using model::JobId;
using testing::at;
using testing::JobBuilder;
using testing::Timeline;

TEST(Walltime, StartsNothingThatIsNotExpectedToEndInTime) {
  Timeline line({{},
                 {JobBuilder("first").expected(60s), JobBuilder("late").expected(50s),
                  JobBuilder("short").expected(40s)}});
  line.join("n1", {1, 0});
  line.core.set_allocation(at(0s), at(100s));
  line.run();
  EXPECT_EQ(line.start("short"), at(60s));
  EXPECT_EQ(line.state("late"), "runnable");
  EXPECT_FALSE(line.core.finished());
}

TEST(Walltime, StartsWhatNobodyKnowsTheLengthOf) {
  Timeline line({{}, {JobBuilder("a")}});
  line.join("n1", {1, 0});
  line.takes = [](JobId, ChildIndex) { return 1s; };
  line.core.set_allocation(at(0s), at(10s));
  line.now = at(9s);
  line.step();
  EXPECT_EQ(line.runs.size(), 1U);
}

TEST(Walltime, FailsWhatNoSuchAllocationIsLongEnoughFor) {
  Timeline line({{},
                 {JobBuilder("a").array(5).expected(7200s),
                  JobBuilder("gang").gang(2, {1, 0, 0}).expected(7201s),
                  JobBuilder("b").after_any("a").expected(1s)}});
  line.join("n1", {1, 0});
  line.join("n2", {1, 0});
  line.core.set_allocation(at(0s), at(3600s));
  line.step();
  const auto& ended = std::get<model::WaitEnded>(line.made.at(0));
  EXPECT_EQ(ended.job, line.job("a"));
  EXPECT_EQ(ended.children, (model::Ranges{{0, 5}}));
  EXPECT_FALSE(ended.cancelled);
  EXPECT_NE(ended.reason.find("7200 s"), std::string::npos);
  EXPECT_NE(ended.reason.find("3600 s"), std::string::npos);
  EXPECT_NE(ended.reason.find("--walltime"), std::string::npos);
  EXPECT_EQ(line.state("a", 4), "failed");
  EXPECT_EQ(line.state("gang"), "failed");
  EXPECT_TRUE(line.runs.contains({line.job("b"), 0}));  // in the same decision
}

TEST(Walltime, HoldsGangsBackToo) {
  Timeline line({{}, {JobBuilder("gang").gang(2, {1, 0, 0}).expected(50s)}});
  line.join("n1", {1, 0});
  line.join("n2", {1, 0});
  line.core.set_allocation(at(0s), at(100s));
  line.now = at(51s);
  line.step();
  EXPECT_TRUE(line.made.empty());
}

TEST(Walltime, LearnsFromChildrenThatEnded) {
  Timeline line({{}, {JobBuilder("a").array(4)}});
  line.join("n1", {1, 0});
  line.takes = [](JobId, ChildIndex) { return 40s; };
  line.core.set_allocation(at(0s), at(100s));
  line.run();
  EXPECT_EQ(line.runs.size(), 2U);
}

}  // namespace
}  // namespace mpibatch::scheduler
