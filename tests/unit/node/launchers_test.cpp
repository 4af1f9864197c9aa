#include "node/launchers.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include <mpibatch/base/random.hpp>

#include "node/environment.hpp"
#include "unit/node/processes_of.hpp"
#include "unit/node/test_folder.hpp"

namespace mpibatch::node {
namespace {

std::vector<std::uint32_t> own_cpus() {
  cpu_set_t set;
  std::vector<std::uint32_t> cpus;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

class LaunchersTest : public ::testing::Test, public LaunchListener {
 protected:
  LaunchersTest()
      : slots_(std::move(*SlotTable::create(folder_.path("slots"), Duration{0}))),
        tmp_(std::move(*TmpFolders::create(folder_.path("user/tmp")))),
        site_(run_, {"here", 0}, own_cpus(), slots_, folder_.path("pipes")) {
    protocol::Surroundings surroundings;
    surroundings.working_directory = folder_.path();
    surroundings.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
    site_.set_surroundings(surroundings, *tmp_);
  }

  model::ExecutionId start(Launchers& launchers, std::vector<std::string> command,
                           std::vector<std::uint32_t> cpus) {
    auto job = std::make_shared<model::JobTemplate>();
    job->name = "job";
    job->queue = "default";
    job->command = std::move(command);
    const model::ExecutionId id{model::JobId{1}, next_++, {model::Epoch{1}, 1}};
    launchers.start({{id, 1, std::move(job), {}}, std::move(cpus)});
    return id;
  }
  template <class Condition>
  void until(Condition condition) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds{120}, condition));
  }

  void started(const model::ExecutionId&, Duration) override {
    note([&] { ++starts_; });
  }
  void cannot_start(const model::ExecutionId& id, StartFailure failure) override {
    note([&] { failures_[id] = std::move(failure); });
  }
  void output(const model::ExecutionId& id, store::Stream, std::string bytes) override {
    note([&] { texts_[id] += bytes; });
  }
  void ended(const model::ExecutionId& id, model::AttemptEnd end) override {
    note([&] { ends_[id] = std::move(end); });
  }
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  const std::string run_ = random_hex(32);
  TestFolder folder_;
  SlotTable slots_;
  std::unique_ptr<TmpFolders> tmp_;
  LaunchSite site_;
  model::ChildIndex next_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t starts_ = 0;
  std::map<model::ExecutionId, StartFailure> failures_;
  std::map<model::ExecutionId, std::string> texts_;
  std::map<model::ExecutionId, model::AttemptEnd> ends_;
};

TEST_F(LaunchersTest, RunEachAttemptOnItsOwnCpus) {
  Launchers launchers(site_, *this);
  std::map<model::ExecutionId, std::string> expected;
  for (int round = 0; round < 20; ++round)
    for (const std::uint32_t cpu : site_.cpus)
      expected[start(launchers, {"sh", "-c", "grep Cpus_allowed_list /proc/self/status"}, {cpu})] =
          "Cpus_allowed_list:\t" + std::to_string(cpu) + "\n";
  until([&] { return ends_.size() == expected.size(); });
  EXPECT_EQ(starts_, expected.size());
  EXPECT_EQ(texts_, expected);
  EXPECT_EQ(site_.mains, 0U);
}

TEST_F(LaunchersTest, GiveUnboundAttemptsAllOfTheShare) {
  Launchers launchers(site_, *this);
  start(launchers, {"true"}, {site_.cpus.front()});
  until([&] { return ends_.size() == 1; });
  const auto unbound = start(launchers, {"nproc"}, {});
  until([&] { return ends_.size() == 2; });
  EXPECT_EQ(texts_[unbound], std::to_string(site_.cpus.size()) + "\n");
}

TEST_F(LaunchersTest, TellWhatCannotBeStarted) {
  Launchers launchers(site_, *this);
  const auto id = start(launchers, {"no-such-program"}, {});
  until([&] { return failures_.size() == 1; });
  EXPECT_EQ(failures_.at(id).code, 127);
}

TEST_F(LaunchersTest, SignalTheOneThatIsMeant) {
  Launchers launchers(site_, *this);
  const auto first = start(launchers, {"sleep", "1000"}, {});
  const auto second = start(launchers, {"sleep", "1000"}, {});
  launchers.signal(second, EndSignal::Term);
  until([&] { return ends_.contains(second); });
  EXPECT_EQ(ends_.at(second).code, SIGTERM);
  EXPECT_FALSE(ends_.contains(first));
}

// After brief ones the next is waited for in another way, until it turns out to last.
TEST_F(LaunchersTest, FollowALongAttemptAfterBriefOnes) {
  Launchers launchers(site_, *this);
  const std::vector<std::uint32_t> cpu{site_.cpus.front()};
  for (std::size_t i = 1; i <= 20; ++i) {
    start(launchers, {"true"}, cpu);
    until([&] { return ends_.size() == i; });
  }
  const auto longer = start(launchers, {"sh", "-c", "echo on; exec sleep 1000"}, cpu);
  until([&] { return texts_[longer] == "on\n"; });
  const auto beside = start(launchers, {"echo", "beside"}, cpu);
  until([&] { return ends_.contains(beside); });
  EXPECT_EQ(texts_[beside], "beside\n");
  launchers.signal(longer, EndSignal::Kill);
  until([&] { return ends_.contains(longer); });
  EXPECT_EQ(ends_[longer].code, SIGKILL);
}

TEST_F(LaunchersTest, ReadWhatFillsThePipeAfterBriefOnes) {
  Launchers launchers(site_, *this);
  const std::vector<std::uint32_t> cpu{site_.cpus.front()};
  for (int i = 0; i < 10; ++i) {
    start(launchers, {"true"}, cpu);
    start(launchers, {"true"}, cpu);
    const auto much = start(launchers, {"head", "-c", "1000000", "/dev/zero"}, cpu);
    until([&] { return ends_.contains(much); });
    EXPECT_EQ(texts_[much].size(), 1'000'000U);
  }
}

TEST_F(LaunchersTest, LeaveNothingWhenTheyFinish) {
  Launchers launchers(site_, *this);
  for (int i = 0; i < 4; ++i)
    start(launchers, {"bash", "-c", "setsid env -i sleep 1000 & trap '' TERM; echo; sleep 1000"},
          {});
  until([&] { return texts_.size() == 4; });
  launchers.stop();
  EXPECT_TRUE(launchers.finish(std::chrono::seconds{60}));
  EXPECT_EQ(ends_.size(), 4U);
  EXPECT_EQ(processes_of(run_), 0);
  EXPECT_TRUE(site_.orphans.alive().empty());
}

}  // namespace
}  // namespace mpibatch::node
