#include "node/sweep.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mpibatch/base/clock.hpp>

#include "node/predecessor.hpp"
#include "unit/node/attempt_driver.hpp"

namespace mpibatch::node {
namespace {

const model::ExecutionId kExecution{model::JobId{1}, 2, {model::Epoch{3}, 4}};

TEST(SlotTable, ShowsTheNextStarterWhatWasRunning) {
  const TestFolder folder;
  const std::string path = folder.path("slots");
  {
    auto table = SlotTable::create(path, Duration{7});
    ASSERT_TRUE(table);
    SlotTable::Slot* gone = table->take(kExecution, Duration{5});
    SlotTable::Slot* running = table->take(kExecution, Duration{6});
    gone->pid = 11;
    running->pid = 12;
    table->release(gone);
  }
  const SlotTable::Previous previous = SlotTable::read(path);
  EXPECT_EQ(previous.state, SlotTable::Previous::State::Here);
  EXPECT_EQ(previous.doubt_until, Duration{7});
  ASSERT_EQ(previous.used.size(), 1U);
  EXPECT_EQ(previous.used[0].pid, 12);
  EXPECT_EQ(previous.used[0].boot_us, 6);
}

TEST(SlotTable, IsMissingWhereItIsNoTable) {
  const TestFolder folder;
  EXPECT_EQ(SlotTable::read(folder.path("none")).state, SlotTable::Previous::State::Missing);
  folder.write("slots", std::string(10'000, 'x'));
  EXPECT_EQ(SlotTable::read(folder.path("slots")).state, SlotTable::Previous::State::Missing);
}

TEST(SlotTable, IsFullAtItsBound) {
  const TestFolder folder;
  auto table = SlotTable::create(folder.path("slots"), Duration{0});
  SlotTable::Slot* last = nullptr;
  for (std::uint32_t i = 0; i < SlotTable::kSlots; ++i) last = table->take(kExecution, {});
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(table->take(kExecution, {}), nullptr);
  table->release(last);
  EXPECT_EQ(table->take(kExecution, {}), last);
}

TEST(Predecessor, IsUnknownWithoutATableUnlessNobodyWasHere) {
  const TestFolder folder;
  const std::string path = folder.path("slots");
  {
    auto check = PredecessorCheck::make(path, "nobody.0.", std::chrono::seconds{60});
    ASSERT_TRUE(check);
    EXPECT_EQ(check->verdict(false), model::Predecessor::CannotTell);
  }
  {
    // The doubt outlives a starter that leaves a table.
    auto check = PredecessorCheck::make(path, "nobody.0.", std::chrono::seconds{60});
    EXPECT_EQ(check->verdict(false), model::Predecessor::CannotTell);
  }
  std::filesystem::remove(path);
  for (int life = 0; life < 2; ++life) {
    auto check = PredecessorCheck::make(path, "nobody.0.", std::chrono::seconds{60});
    EXPECT_EQ(check->verdict(life == 0), model::Predecessor::None);
  }
}

// A starter that dies leaves what its attempts started in sessions of their own.
TEST(Sweep, EndsWhatADeadStarterLeft) {
  const TestFolder folder;
  const std::string path = folder.path("slots");
  const std::string run = random_hex(32);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t starter = ::fork();
  if (starter == 0) {
    AttemptDriver* driver = new AttemptDriver;  // never cleaned up: it is killed
    auto table = SlotTable::create(path, Duration{0});
    ProcessPlace place{run, {"here", 0}, {}};
    Processes processes(place, *table, *driver);
    auto tmp = TmpFolders::create(folder.path("user/tmp"));
    processes.set_surroundings(driver->surroundings, **tmp);
    model::JobTemplate job = driver->job(
        {"/bin/bash", "-c", "setsid sleep 1000 & env -i sleep 1000 & echo ready; sleep 1000"});
    (void)processes.start({kExecution, 1, std::make_shared<model::JobTemplate>(job), {}}, {});
    while (driver->texts.empty()) {
      pollfd fd{processes.descriptor(), POLLIN, 0};
      ::poll(&fd, 1, 100);
      processes.progress();
    }
    (void)!::write(ready[1], "x", 1);
    std::filesystem::remove_all(driver->folder.path());
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const SlotTable::Previous before = SlotTable::read(path);
  ASSERT_EQ(before.used.size(), 1U);
  ::kill(starter, SIGKILL);
  ::waitpid(starter, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);

  const auto members = [&] {
    int alive = 0;
    for (const int pid : all_processes()) {
      const auto process = read_process(pid);
      const auto token = token_of_process(pid);
      if (process && !process->ended())
        alive += process->group == before.used[0].pid || (token && token->starts_with(run));
    }
    return alive;
  };
  EXPECT_GE(members(), 1);
  EXPECT_TRUE(sweep(before, token_prefix(run, 0), std::chrono::seconds{30}));
  EXPECT_EQ(members(), 0);
}

}  // namespace
}  // namespace mpibatch::node
