#include "node/sweep.hpp"

#include <gtest/gtest.h>
#include <signal.h>

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

TEST(Predecessor, IsNobodyWhereAStarterDiedBeforeItWasHeard) {
  const TestFolder folder;
  const std::string path = folder.path("slots");
  ASSERT_TRUE(PredecessorCheck::make(path, "nobody.0.", std::chrono::seconds{60}));
  for (int life = 0; life < 2; ++life) {
    auto check = PredecessorCheck::make(path, "nobody.0.", std::chrono::seconds{60});
    EXPECT_EQ(check->verdict(life == 0), model::Predecessor::None);
  }
}

// As a starter finds it whose predecessor died: nobody else waits for these processes.
TEST(Sweep, EndsWhatADeadStarterLeft) {
  AttemptDriver driver;
  ASSERT_TRUE(
      driver.start_script("setsid sleep 1000 & env -i sleep 1000 & echo ready; sleep 1000"));
  ASSERT_TRUE(driver.until([&] { return driver.text() == "ready\n"; }));
  const SlotTable::Previous before = SlotTable::read(driver.folder.path("slots"));
  ASSERT_EQ(before.used.size(), 1U);
  ::kill(before.used[0].pid, SIGKILL);

  const auto members = [&] {
    int alive = driver.left_over();
    for (const int pid : all_processes()) {
      const auto process = read_process(pid);
      alive += process && !process->ended() && process->group == before.used[0].pid;
    }
    return alive;
  };
  EXPECT_GE(members(), 2);
  EXPECT_TRUE(sweep(before, token_prefix(driver.run, 0), std::chrono::seconds{30}));
  EXPECT_EQ(members(), 0);
  EXPECT_TRUE(driver.until_ended());
}

TEST(Sweep, LeavesAProcessAloneThatOnlyHasTheSameNumber) {
  AttemptDriver driver;
  ASSERT_TRUE(driver.start_script("read -t 1000 <> <(sleep 1000)"));
  SlotTable::Previous before = SlotTable::read(driver.folder.path("slots"));
  ASSERT_EQ(before.used.size(), 1U);
  before.used[0].boot_us -= 3'600'000'000;  // an hour before it started
  EXPECT_TRUE(sweep(before, "another run.0.", std::chrono::seconds{30}));
  const auto process = read_process(before.used[0].pid);
  ASSERT_TRUE(process.has_value());
  EXPECT_FALSE(process->ended());
}

}  // namespace
}  // namespace mpibatch::node
