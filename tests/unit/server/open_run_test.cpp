#include <mpibatch/server/open_run.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/memory_filesystem.hpp"

namespace mpibatch::server {
namespace {

class FakeClock final : public Clock {
 public:
  Duration wall() const override { return wall_time; }
  Duration boot() const override { return boot_time; }
  Duration awake() const override { return boot_time; }
  Duration wall_time{std::chrono::hours{24 * 365 * 50}};
  Duration boot_time{std::chrono::minutes{10}};
};

constexpr auto kNoPatience = Duration{0};

struct OpenRun : ::testing::Test {
  mpibatch::testing::MemoryFileSystem files;
  store::StateFolder folder{"/runs/plan.mpibatch"};
  FakeClock clock;

  void SetUp() override {
    ASSERT_TRUE(files.make_folder("/runs").has_value());
    ASSERT_TRUE(files.sync_folder("/").has_value());  // was there long before the run
  }

  // As the same supervisor's next world does: the one before it is provably over.
  Result<OpenedRun> open() { return open_run(files, folder, clock, "supervisor", kNoPatience); }
};

TEST_F(OpenRun, FirstEpochOfANewFolderIsOne) {
  const auto run = open();
  ASSERT_TRUE(run.has_value()) << run.error().message;
  EXPECT_FALSE(run->existed);
  EXPECT_EQ(model::number_of(run->owner.epoch), 1U);
  EXPECT_EQ(run->owner.run.size(), 32U);
  EXPECT_EQ(files.read(folder.nonce()).value(), run->nonce);
}

TEST_F(OpenRun, NextLifeFoldsWhatWasCommittedAndKeepsTheRun) {
  auto first = open();
  ASSERT_TRUE(first.has_value());
  model::PlanAdopted plan{model::Revision{1}, {}, {{model::JobId{0}, {}, {}}}};
  plan.rules.queues = {{"default", 1}};
  plan.jobs[0].spec.name = "a";
  first->journal->append(plan);
  ASSERT_TRUE(first->journal->commit().has_value());
  first->journal->append(model::RunFinished{});  // never committed
  files.crash_dropping_all();

  const auto second = open();
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_TRUE(second->existed);
  EXPECT_EQ(second->owner.run, first->owner.run);
  EXPECT_EQ(model::number_of(second->owner.epoch), 2U);
  EXPECT_TRUE(second->scheduler.find("a").has_value());
  EXPECT_FALSE(second->scheduler.finished());
  EXPECT_NE(second->nonce, first->nonce);
}

TEST_F(OpenRun, TimeGoesOnWithTheBootClockWhateverTheWallClockDoes) {
  const auto first = open();
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->waits_count_on);
  ASSERT_TRUE(first->journal->commit().has_value());
  clock.boot_time += std::chrono::seconds{30};
  clock.wall_time -= std::chrono::hours{5};
  const auto second = open();
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(second->waits_count_on);
  EXPECT_EQ(second->time.began - first->time.began, std::chrono::seconds{30});
  EXPECT_EQ(second->time.now(clock), second->time.began);
}

TEST_F(OpenRun, RefusesWhileTheOwnerLivesNamingIt) {
  ASSERT_TRUE(open_run(files, folder, clock, {}, kNoPatience).has_value());
  const auto second =
      open_run(files, folder, clock, {}, kNoPatience);  // this process owns it, and runs
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::Busy);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  EXPECT_NE(second.error().message.find(folder.path), std::string::npos);
}

TEST_F(OpenRun, FullDiskIsAnErrorAndWhatWasCommittedStays) {
  ASSERT_TRUE(open().has_value());
  files.fail_after(10);
  const auto second = open();
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("full"), std::string::npos) << second.error().message;
  files.heal();
  const auto third = open();
  ASSERT_TRUE(third.has_value()) << third.error().message;
  EXPECT_TRUE(third->existed);
}

}  // namespace
}  // namespace mpibatch::server
