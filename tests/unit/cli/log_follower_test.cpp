#include "cli/log_follower.hpp"

#include <gtest/gtest.h>

#include "support/memory_filesystem.hpp"

namespace mpibatch::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::Stream;
using testing::MemoryFileSystem;

store::Attempt attempt_of(model::ChildIndex child) {
  store::Attempt attempt;
  attempt.execution.child = child;
  attempt.child = child;
  attempt.node = {"n", 0};
  return attempt;
}

TEST(LogBatch, PutsTogetherWhatAnAttemptPrinted) {
  std::string printed;
  LogOutput output(
      {true, false, {}},
      [](model::JobId, model::ChildIndex child) {
        return LogName{"a", true, child, std::to_string(child)};
      },
      [&](std::string_view text) {
        printed += text;
        return Result<void>{};
      });
  LogBatch batch(output);
  batch.take(attempt_of(1), Stream::Stdout, "1\n");
  batch.take(attempt_of(2), Stream::Stdout, "2\n");
  batch.take(attempt_of(1), Stream::Stderr, "1 err\n");
  batch.take(attempt_of(1), Stream::Stdout, "1 again\n");
  batch.hand_on();
  ASSERT_TRUE(output.flush());
  const std::string header = ", attempt 1 on n: running <==\n";
  EXPECT_EQ(printed, "==> a:1" + header + "1\n1 err\n1 again\n" + "==> a:2" + header + "2\n");
}

class DriverWatchTest : public ::testing::Test {
 protected:
  DriverWatchTest() { EXPECT_TRUE(disk.make_folder(folder.path)); }
  void claim(const std::string& host, std::int64_t pid, std::uint64_t start_ticks) {
    store::OwnerRecord owner = store::this_process();
    if (!host.empty()) owner.host = host;
    if (!host.empty()) owner.boot_id = "another";
    if (pid != 0) owner.pid = pid;
    if (start_ticks != 0) owner.start_ticks = start_ticks;
    owner.run = "r";
    const auto epoch = store::claim(disk, folder, owner);
    ASSERT_TRUE(epoch) << epoch.error().message;
    epoch_ = *epoch;
  }
  void raise(std::uint64_t value) {
    ASSERT_TRUE(store::raise_counter(disk, folder, epoch_, value));
  }

  MemoryFileSystem disk;
  const store::StateFolder folder{"/s"};
  model::Epoch epoch_{};
};

TEST_F(DriverWatchTest, KnowsALivingRank0) {
  claim("", 0, 0);
  DriverWatch watch(disk, folder);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(watch.driven(seconds(i)));
}

TEST_F(DriverWatchTest, ADeadOneIsKnownAtOnce) {
  claim("", 0, 1);  // its number has gone to another process
  DriverWatch watch(disk, folder);
  EXPECT_FALSE(watch.driven(seconds(0)));
}

TEST_F(DriverWatchTest, OneThatDiesMayHaveASuccessor) {
  claim("", 0, 0);
  DriverWatch watch(disk, folder);
  EXPECT_TRUE(watch.driven(seconds(10)));
  claim("", 0, 1);
  EXPECT_TRUE(watch.driven(seconds(11)));
  EXPECT_TRUE(watch.driven(seconds(14)));
  claim("", 0, 0);
  EXPECT_TRUE(watch.driven(seconds(16)));
  claim("", 0, 1);
  EXPECT_TRUE(watch.driven(seconds(18)));
  EXPECT_FALSE(watch.driven(seconds(21)));
}

TEST_F(DriverWatchTest, OnAnotherHostItsCounterTells) {
  claim("elsewhere", 0, 0);
  raise(1);
  DriverWatch watch(disk, folder);
  EXPECT_TRUE(watch.driven(seconds(0)));
  EXPECT_TRUE(watch.driven(seconds(3)));
  raise(2);
  EXPECT_TRUE(watch.driven(seconds(6)));
  EXPECT_TRUE(watch.driven(seconds(10)));
  EXPECT_FALSE(watch.driven(seconds(11)));
  EXPECT_FALSE(watch.driven(seconds(11) + milliseconds(500)));
}

}  // namespace
}  // namespace mpibatch::cli
