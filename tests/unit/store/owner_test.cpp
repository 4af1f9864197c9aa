#include <mpibatch/store/owner.hpp>

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include <mpibatch/store/surroundings.hpp>

#include "support/hex.hpp"
#include "support/memory_filesystem.hpp"
#include "unit/store/folder.hpp"

namespace mpibatch::store {
namespace {

using model::Epoch;
using testing::MemoryFileSystem;

OwnerRecord me(const std::string& host = "node1") {
  OwnerRecord record;
  record.run = std::string(32, 'a');
  record.host = host;
  record.boot_id = "boot of " + host;
  record.pid_namespace = "pid:[1]";
  record.pid = 42;
  record.start_ticks = 1000;
  return record;
}

class Owner : public ::testing::Test {
 protected:
  Owner() { EXPECT_TRUE(disk.make_folder(kFolder.path)); }
  MemoryFileSystem disk;
};

TEST_F(Owner, ClaimsAreConsecutive) {
  EXPECT_FALSE(read_owner(disk, kFolder).value());
  for (std::uint32_t epoch = 1; epoch <= 3; ++epoch) {
    ASSERT_EQ(claim(disk, kFolder, me()).value(), Epoch{epoch});
    OwnerRecord expected = me();
    expected.epoch = Epoch{epoch};
    EXPECT_EQ(read_owner(disk, kFolder).value(), expected);
  }
  const auto names = disk.list(kFolder.path);
  for (const std::string& name : *names) EXPECT_FALSE(name.ends_with(".tmp")) << name;
}

TEST_F(Owner, LayoutIsGolden) {
  OwnerRecord small;
  small.run = "r";
  small.host = "h";
  small.boot_id = "b";
  small.pid_namespace = "n";
  small.pid = 42;
  small.start_ticks = 7;
  small.supervisor = "s";
  ASSERT_TRUE(claim(disk, kFolder, small));
  EXPECT_EQ(testing::to_hex(disk.read(kFolder.owner()).value()),
            // header
            "6d70696202000300092c18b9"
            // the claim
            "2e0000003d0c11712001000000720100000001000000680100000062010000006e2a0000"
            "000000000007000000000000000100000073"
            // mark
            "090000006ccfb273014200000000000000");
}

TEST_F(Owner, AHigherClaimSupersedes) {
  const Epoch first = claim(disk, kFolder, me()).value();
  EXPECT_FALSE(superseded(disk, kFolder, first).value());
  const Epoch second = claim(disk, kFolder, me()).value();
  EXPECT_TRUE(superseded(disk, kFolder, first).value());
  EXPECT_FALSE(superseded(disk, kFolder, second).value());
}

TEST_F(Owner, AnotherRunInTheFolderSupersedes) {
  const Epoch mine = claim(disk, kFolder, me()).value();
  EXPECT_FALSE(superseded(disk, kFolder, mine, me().run).value());
  ASSERT_TRUE(disk.rename(kFolder.path, "/aside"));
  ASSERT_TRUE(disk.make_folder(kFolder.path));
  EXPECT_FALSE(superseded(disk, kFolder, mine)) << "no owner at all: cannot tell";
  OwnerRecord fresh = me();
  fresh.run = std::string(32, 'b');
  ASSERT_EQ(claim(disk, kFolder, fresh).value(), mine);
  EXPECT_TRUE(superseded(disk, kFolder, mine, me().run).value());
}

TEST_F(Owner, OfTwoClaimersOneWins) {
  for (int round = 0; round < 20; ++round) {
    Result<Epoch> results[2];
    std::thread other([&] { results[0] = claim(disk, kFolder, me("node1")); });
    results[1] = claim(disk, kFolder, me("node2"));
    other.join();
    std::set<Epoch> won;
    for (const auto& result : results) {
      if (result)
        EXPECT_TRUE(won.insert(*result).second) << "two owners of one epoch";
      else
        EXPECT_EQ(result.error().kind, ErrorKind::Busy);
    }
    ASSERT_FALSE(won.empty());
    EXPECT_EQ(read_owner(disk, kFolder).value()->epoch, *won.rbegin());
  }
}

// A claimer that slept between link and rename puts its older name into `owner`.
TEST_F(Owner, ASlowClaimersRenameChangesNothing) {
  const Epoch first = claim(disk, kFolder, me("node1")).value();
  const Epoch second = claim(disk, kFolder, me("node2")).value();
  ASSERT_TRUE(disk.link(kFolder.claim(first), "/s/slow"));
  ASSERT_TRUE(disk.rename("/s/slow", kFolder.owner()));
  EXPECT_EQ(read_owner(disk, kFolder).value()->host, "node2");
  EXPECT_TRUE(superseded(disk, kFolder, first).value());
  EXPECT_FALSE(superseded(disk, kFolder, second).value());
  EXPECT_EQ(claim(disk, kFolder, me()).value(), Epoch{3});
}

TEST_F(Owner, AClaimOutlivesAPowerLossWhole) {
  ASSERT_TRUE(claim(disk, kFolder, me()));
  disk.crash_dropping_all();
  EXPECT_EQ(read_owner(disk, kFolder).value()->epoch, Epoch{1});
}

TEST_F(Owner, AClaimThatFailsLeavesTheRunFree) {
  disk.fail_after(10);
  EXPECT_EQ(claim(disk, kFolder, me()).error().kind, ErrorKind::System);
  disk.heal();
  disk.fail_next_sync();
  EXPECT_FALSE(claim(disk, kFolder, me()));
  EXPECT_EQ(disk.list(kFolder.path).value(), std::vector<std::string>{});
  EXPECT_EQ(claim(disk, kFolder, me()).value(), Epoch{1});
}

TEST_F(Owner, ADamagedOwnerIsNamed) {
  ASSERT_TRUE(claim(disk, kFolder, me()));
  disk.overwrite(kFolder.owner(), "hello");
  const auto owner = read_owner(disk, kFolder);
  ASSERT_FALSE(owner);
  EXPECT_EQ(owner.error().kind, ErrorKind::Damaged);
  EXPECT_NE(owner.error().message.find("/s/owner"), std::string::npos);
  EXPECT_FALSE(superseded(disk, kFolder, Epoch{1}));
}

TEST_F(Owner, CounterIsRaised) {
  EXPECT_EQ(read_counter(disk, kFolder, Epoch{1}).value(), 0U);
  ASSERT_TRUE(raise_counter(disk, kFolder, Epoch{1}, 1));
  ASSERT_TRUE(raise_counter(disk, kFolder, Epoch{1}, 2));
  EXPECT_EQ(read_counter(disk, kFolder, Epoch{1}).value(), 2U);
  EXPECT_EQ(read_counter(disk, kFolder, Epoch{2}).value(), 0U);
  disk.overwrite(kFolder.counter(Epoch{1}), "");
  EXPECT_EQ(read_counter(disk, kFolder, Epoch{1}).value(), 0U) << "a power loss cut it off";
}

std::uint64_t runs(std::int64_t) { return 1000; }
std::uint64_t gone(std::int64_t) { return 0; }
std::uint64_t another(std::int64_t) { return 2000; }

TEST(OwnerState, IsJudgedByBootAndProcess) {
  const OwnerRecord owner = me();
  EXPECT_EQ(judge(owner, me(), runs), OwnerState::Alive);
  EXPECT_EQ(judge(owner, me(), gone), OwnerState::Gone);
  EXPECT_EQ(judge(owner, me(), another), OwnerState::Gone) << "the pid was given away";

  OwnerRecord rebooted = me();
  rebooted.boot_id = "another boot";
  EXPECT_EQ(judge(owner, rebooted, runs), OwnerState::Gone);
  EXPECT_EQ(judge(owner, me("node2"), gone), OwnerState::Unknown);

  OwnerRecord container = me();
  container.pid_namespace = "pid:[2]";
  EXPECT_EQ(judge(owner, container, gone), OwnerState::Unknown);

  OwnerRecord unknown = me();
  unknown.boot_id.clear();
  EXPECT_EQ(judge(owner, unknown, gone), OwnerState::Unknown);
  EXPECT_EQ(judge(unknown, owner, gone), OwnerState::Unknown);
}

TEST(OwnerState, ASupervisorMayReplaceItsOwnWorld) {
  OwnerRecord owner = me("node1");
  OwnerRecord next = me("node2");
  EXPECT_EQ(judge(owner, next, gone), OwnerState::Unknown) << "no token is no match";
  owner.supervisor = next.supervisor = "token";
  EXPECT_EQ(judge(owner, next, gone), OwnerState::Gone);
  next.supervisor = "another";
  EXPECT_EQ(judge(owner, next, gone), OwnerState::Unknown);
}

TEST(Surroundings, AreKept) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder(kFolder.path));
  EXPECT_EQ(load_surroundings(disk, kFolder).error().kind, ErrorKind::NotFound);
  protocol::Surroundings shell;
  shell.environment = {{"PATH", "/bin"}, {"LINES", "a\nb"}};
  shell.working_directory = "/home/a b";
  shell.umask = 0027;
  shell.limits = {{7, 1024, 4096}};
  ASSERT_TRUE(save_surroundings(disk, kFolder, shell));
  EXPECT_EQ(load_surroundings(disk, kFolder).value(), shell);
  disk.overwrite(kFolder.surroundings(), "PATH=/bin");
  EXPECT_EQ(load_surroundings(disk, kFolder).error().kind, ErrorKind::Damaged);
}

}  // namespace
}  // namespace mpibatch::store
