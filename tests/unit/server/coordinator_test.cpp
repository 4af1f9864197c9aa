// What scenarios cannot say: contents of messages, wake-up times, what a peer may send. The rules
// themselves are scripts in tests/scenario.
#include <mpibatch/server/coordinator.hpp>

#include <gtest/gtest.h>

#include "unit/server/one_node.hpp"

namespace mpibatch::server {
namespace {

using namespace std::chrono_literals;
using testing::JobBuilder;

TEST_F(OneNode, IsToldTheRunsSurroundings) {
  begin({{}, {JobBuilder("a")}});
  join();
  const auto attach = only<protocol::Attach>(down());
  ASSERT_EQ(attach.size(), 1U);
  EXPECT_EQ(attach[0], (protocol::Attach{"run", "/state", "nonce", settings_.lease, settings_.grace,
                                         settings_.surroundings}));
}

TEST_F(OneNode, GetsTemplatesOnceAndBeforeTheFirstGrant) {
  begin({{}, {JobBuilder("a").keys({"x", "y", "z"}).vcpus(2)}});
  join();
  auto frames = down();
  ASSERT_EQ(frames.size(), 3U);
  const auto& templates = std::get<protocol::Templates>(frames[1]);
  EXPECT_EQ(templates.jobs[0].name, "a");
  EXPECT_EQ(templates.jobs[0].revision, model::Revision{1});
  EXPECT_EQ(templates.jobs[0].resources.vcpus, 2U);
  const auto& grant = std::get<protocol::Grant>(frames[2]);
  EXPECT_EQ(grant.values, (std::vector<std::vector<std::string>>{{"x"}}));
  EXPECT_TRUE(grant.attempts.empty());
  up(protocol::Ends{{{1, {grant.job, 0, grant.id}, {}}}});
  frames = down();
  EXPECT_TRUE(only<protocol::Templates>(frames).empty());
  EXPECT_EQ(only<protocol::Grant>(frames)[0].values[0][0], "y");
}

TEST_F(OneNode, NamesItsInstanceInEveryMessageButTheFirst) {
  begin({{}, {JobBuilder("a")}});
  join();
  committed_ += rank0_->take_facts().size();
  rank0_->committed(committed_, now_);
  std::vector<model::InstanceId> instances;
  for (const Command& command : rank0_->take_commands())
    instances.push_back(std::get<SendDown>(command).message.instance);
  EXPECT_EQ(instances, (std::vector<model::InstanceId>{{}, kStarter}));
}

TEST_F(OneNode, MaySendWhatItLikes) {
  begin({{}, {JobBuilder("a").array(4)}});
  join();
  const auto grant = only<protocol::Grant>(down()).at(0);
  const model::GrantId unknown{model::Epoch{9}, 9};
  up(protocol::Started{{{unknown, {{0, 1}}}, {grant.id, {{9, 3}}}, {grant.id, {{0, 4000000000}}}}});
  up(protocol::Returned{grant.id, {{2, 1}, {0, 9}}});
  up(protocol::Ends{{{5, {model::JobId{99}, 7, unknown}, {}}, {3, {{}, 77, grant.id}, {}}}});
  up(protocol::Ends{});
  protocol::Hello hello;
  hello.name = {"n1", 0};
  hello.instance = kStarter;
  hello.capacity = {0, 0};
  hello.inventory = {{unknown, {{3, 1}}, {{0, 1}}}, {grant.id, {{5, 2}}, {{1, 0}}}};
  up(hello);
  rank0_->receive(LinkId{55}, {settings_.epoch, kStarter, {hello}}, now_);
  rank0_->link_closed(LinkId{56}, now_);
  rank0_->segment_read(model::NodeId{9}, {8}, {}, now_);
  EXPECT_EQ(rank0_->scheduler().counts().total(), 4U);
}

// An agent repeats the last Attach over a new connection: the inventory of the Hello that comes of
// it may be older than a grant that is under way.
TEST_F(OneNode, LosesNoGrantToARepeatedAttach) {
  begin({{}, {JobBuilder("a")}});
  join();
  const auto grant = only<protocol::Grant>(down()).at(0);
  protocol::Hello hello;
  hello.name = {"n1", 0};
  hello.instance = kStarter;
  hello.capacity = {2, 0};
  up(hello);
  const auto attach = only<protocol::Attach>(down());
  ASSERT_EQ(attach.size(), 1U);
  up(hello);  // again: it answers an Attach that counts no more
  hello.answers = attach[0].number;
  hello.inventory = {{grant.id, grant.children, {}}};
  up(hello);
  EXPECT_TRUE(down().empty());
  EXPECT_TRUE(rank0_->scheduler().outstanding(grant.id, 0));
}

TEST_F(OneNode, IsAcknowledgedUpToTheHighestEnd) {
  begin({{}, {JobBuilder("a").array(4)}});
  join();
  const auto grant = only<protocol::Grant>(down()).at(0);
  up(protocol::Ends{{{8, {grant.job, 1, grant.id}, {}}, {7, {grant.job, 0, grant.id}, {}}}});
  const auto acknowledged = only<protocol::Acknowledged>(down());
  ASSERT_EQ(acknowledged.size(), 1U);
  EXPECT_EQ(acknowledged[0].upto, 8U);
}

TEST_F(OneNode, IsRenewedAlsoWhenNothingElseHappens) {
  begin({{}, {JobBuilder("a")}});
  join();
  down();
  now_ += 10s;
  rank0_->owner_verified(now_);
  up(protocol::RenewRequest{Duration{42}});
  // No fact, so no commit comes.
  ASSERT_TRUE(rank0_->take_facts().empty());
  const auto commands = rank0_->take_commands();
  ASSERT_EQ(commands.size(), 1U);
  const auto& frames = std::get<SendDown>(commands[0]).message.frames;
  EXPECT_EQ(std::get<protocol::Renewed>(frames.at(0)).stamp, Duration{42});
}

TEST_F(OneNode, WakesRankZeroAtItsLapse) {
  begin({{}, {JobBuilder("a")}});
  join();
  down();
  rank0_->tick(now_);
  ASSERT_TRUE(rank0_->wake_at());
  EXPECT_GT(*rank0_->wake_at(), now_);
  EXPECT_LE(*rank0_->wake_at(), now_ + settings_.lease / 12);
}

TEST_F(OneNode, IsWaitedForNoLongerThanThePatience) {
  begin({{}, {JobBuilder("a")}});
  EXPECT_EQ(rank0_->wake_at(), now_ + settings_.patience);
  rank0_->tick(now_ + settings_.patience);
  ASSERT_TRUE(rank0_->result());
  EXPECT_EQ(rank0_->result()->end, RunEnd::Stuck);
}

// Before a fresh start, a share that no longer exists may say hello after the one that does.
TEST_F(OneNode, IsAwaitedWhereAllIsToEndAtOnce) {
  begin({{}, {JobBuilder("a")}});
  join();
  const auto grant = only<protocol::Grant>(down()).at(0);
  auto core = scheduler::Scheduler::load(rank0_->scheduler().save());
  ASSERT_TRUE(core);
  now_ += 1s;
  settings_.epoch = model::Epoch{2};
  settings_.claimed_at = now_;
  settings_.end_at_once = true;
  ASSERT_TRUE(core->apply(model::EpochBegan{settings_.epoch, "h", "b", {}, now_}));
  rank0_ = std::make_unique<Coordinator>(settings_, std::move(*core), work_);
  committed_ = 0;
  constexpr LinkId kOther{2};
  rank0_->link_opened(kLink, NodeUse::FinishOnly, now_);
  rank0_->link_opened(kOther, NodeUse::Work, now_);
  protocol::Hello other;
  other.name = {"n2", 0};
  other.instance = model::InstanceId{78};
  other.capacity = {1, 0};
  other.predecessor = model::Predecessor::None;
  rank0_->receive(kOther, {settings_.epoch, other.instance, {other}}, now_);
  EXPECT_TRUE(only<protocol::Leave>(down()).empty());
  now_ += settings_.margin + 1s;
  rank0_->tick(now_);
  EXPECT_TRUE(only<protocol::Leave>(down()).empty());

  protocol::Hello hello;
  hello.name = {"n1", 0};
  hello.instance = kStarter;
  hello.capacity = {2, 0};
  hello.inventory = {{grant.id, {{0, 1}}, {{0, 1}}}};
  up(hello);
  const auto stops = only<protocol::StopAll>(down());
  ASSERT_EQ(stops.size(), 1U);
  EXPECT_EQ(stops[0].grace, Duration{0});
  model::AttemptEnd end;
  end.kind = model::EndKind::Stopped;
  up(protocol::Ends{{{1, {grant.job, 0, grant.id}, end}}});
  EXPECT_FALSE(only<protocol::Leave>(down()).empty());
  ASSERT_TRUE(rank0_->result());
  EXPECT_EQ(rank0_->result()->end, RunEnd::Interrupted);
}

TEST_F(OneNode, IsNotAwaitedForEverWhereAllIsToEndAtOnce) {
  begin({{}, {JobBuilder("a")}});
  join();
  ASSERT_EQ(only<protocol::Grant>(down()).size(), 1U);
  auto core = scheduler::Scheduler::load(rank0_->scheduler().save());
  ASSERT_TRUE(core);
  settings_.epoch = model::Epoch{2};
  settings_.end_at_once = true;
  ASSERT_TRUE(core->apply(model::EpochBegan{settings_.epoch, "h", "b", {}, now_}));
  rank0_ = std::make_unique<Coordinator>(settings_, std::move(*core), work_);
  committed_ = 0;
  rank0_->link_opened(kLink, NodeUse::Work, now_);
  protocol::Hello other;
  other.name = {"n2", 0};
  other.instance = model::InstanceId{78};
  other.capacity = {1, 0};
  rank0_->receive(kLink, {settings_.epoch, other.instance, {other}}, now_);
  EXPECT_TRUE(only<protocol::Leave>(down()).empty());
  ASSERT_TRUE(rank0_->wake_at());
  EXPECT_EQ(*rank0_->wake_at(), now_ + settings_.margin);
  now_ += settings_.margin;
  rank0_->tick(now_);
  EXPECT_EQ(only<protocol::Leave>(down()).size(), 1U);
  EXPECT_TRUE(rank0_->result());
}

TEST_F(OneNode, EndsTheRunOnlyWhenItsEndIsCommittedAndTold) {
  begin({{}, {JobBuilder("a")}});
  join();
  const auto grant = only<protocol::Grant>(down()).at(0);
  up(protocol::Ends{{{1, {grant.job, 0, grant.id}, {}}}});
  EXPECT_FALSE(rank0_->result());
  committed_ += rank0_->take_facts().size();
  EXPECT_FALSE(rank0_->result());
  rank0_->committed(committed_, now_);
  EXPECT_FALSE(rank0_->result());  // Leave is still to be sent
  EXPECT_EQ(rank0_->take_commands().size(), 1U);
  ASSERT_TRUE(rank0_->result());
  EXPECT_EQ(rank0_->result()->end, RunEnd::Succeeded);
}

}  // namespace
}  // namespace mpibatch::server
