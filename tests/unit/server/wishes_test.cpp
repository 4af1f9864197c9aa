// What users ask, and what rank 0 wants back or ended: each said once, and again to a new link.
#include "unit/server/one_node.hpp"

namespace mpibatch::server {
namespace {

using namespace std::chrono_literals;
using testing::JobBuilder;

class Wishes : public OneNode {
 protected:
  protocol::Grant begin_and_start(model::ChildIndex children) {
    begin({{}, {JobBuilder("a").array(children)}});
    join();
    protocol::Grant grant = only<protocol::Grant>(down()).at(0);
    up(protocol::Started{{{grant.id, {{0, 1}}}}});
    (void)down();
    return grant;
  }
  bool ask(const scheduler::Event& event) { return rank0_->request(event, now_); }
};

TEST_F(Wishes, ATerminatedChildIsStoppedOnce) {
  const auto grant = begin_and_start(1);
  EXPECT_TRUE(ask(scheduler::CancelJob{"r1", grant.job, {{0, 1}}, "no", true}));
  const auto stops = only<protocol::Stop>(down());
  ASSERT_EQ(stops.size(), 1U);
  EXPECT_EQ(stops[0], (protocol::Stop{grant.id, {{0, 1}}, settings_.grace}));
  EXPECT_TRUE(ask(scheduler::CancelJob{"r2", grant.job, {{0, 1}}, "no", true}));
  EXPECT_TRUE(only<protocol::Stop>(down()).empty());
  model::AttemptEnd end;
  end.kind = model::EndKind::Stopped;
  up(protocol::Ends{{{1, {grant.job, 0, grant.id}, end}}});
  (void)down();
  EXPECT_EQ(rank0_->scheduler().counts()[model::ChildState::Cancelled], 1U);
}

TEST_F(Wishes, AreSaidAgainToANewLink) {
  const auto grant = begin_and_start(1);
  ask(scheduler::CancelJob{"r1", grant.job, {{0, 1}}, "no", true});
  ASSERT_EQ(only<protocol::Stop>(down()).size(), 1U);
  rank0_->link_closed(kLink, now_);
  constexpr LinkId kNext{2};
  rank0_->link_opened(kNext, NodeUse::Work, now_);
  protocol::Hello hello;
  hello.name = {"n1", 0};
  hello.instance = kStarter;
  hello.capacity = {2, 0};
  hello.inventory = {{grant.id, {{0, 1}}, {{0, 1}}}};
  rank0_->receive(kNext, {settings_.epoch, kStarter, {hello}}, now_);
  EXPECT_EQ(only<protocol::Stop>(down()).size(), 1U);
}

TEST_F(Wishes, WhatIsHeldComesBackUnstarted) {
  begin({{}, {JobBuilder("a").array(2)}});
  join();
  const auto grants = only<protocol::Grant>(down());
  ASSERT_FALSE(grants.empty());
  ask(scheduler::HoldJob{"r1", grants[0].job, {{0, 2}}, true});
  std::uint64_t recalled = 0;
  for (const auto& recall : only<protocol::Recall>(down())) {
    recalled += model::count(recall.children);
    up(protocol::Returned{recall.grant, recall.children});
  }
  EXPECT_EQ(recalled, 2U);
  EXPECT_TRUE(only<protocol::Grant>(down()).empty());
  ask(scheduler::HoldJob{"r2", grants[0].job, {{0, 2}}, false});
  EXPECT_FALSE(only<protocol::Grant>(down()).empty());
}

TEST_F(Wishes, ARunThatAUserHoldsWaitsForHisReleaseAWhile) {
  begin({{}, {JobBuilder("a")}});
  ask(scheduler::HoldJob{"r1", std::nullopt, {}, true});
  join();
  EXPECT_TRUE(only<protocol::Grant>(down()).empty());
  rank0_->tick(now_);
  EXPECT_FALSE(rank0_->result());
  now_ += settings_.patience;
  rank0_->tick(now_);
  (void)down();
  ASSERT_TRUE(rank0_->result());
  EXPECT_EQ(rank0_->result()->end, RunEnd::Stuck);
  ASSERT_FALSE(rank0_->result()->reasons.empty());
  EXPECT_NE(rank0_->result()->reasons[0].find("held by a user"), std::string::npos);
}

TEST_F(Wishes, ARunThatFailuresHoldEndsAtOnce) {
  begin({{}, {JobBuilder("a").array(9).max_failures(0)}});
  join();
  const auto grant = only<protocol::Grant>(down()).at(0);
  model::AttemptEnd bad;
  bad.code = 1;
  up(protocol::Ends{{{1, {grant.job, 0, grant.id}, bad}}});
  for (int round = 0; round < 9 && !rank0_->result(); ++round)
    for (const protocol::DownFrame& frame : down())
      if (const auto* recall = std::get_if<protocol::Recall>(&frame)) {
        up(protocol::Returned{recall->grant, recall->children});
      } else if (std::holds_alternative<protocol::Acknowledged>(frame)) {
        for (const auto& held : rank0_->scheduler().grants())
          up(protocol::Returned{held.id, held.children});
      }
  ASSERT_TRUE(rank0_->result());
  EXPECT_EQ(rank0_->result()->end, RunEnd::SomeFailed);
  ASSERT_FALSE(rank0_->result()->reasons.empty());
  EXPECT_NE(rank0_->result()->reasons[0].find("maxFailures"), std::string::npos);
}

TEST_F(Wishes, OfARunThatIsEndingAreForTheNextOne) {
  const auto grant = begin_and_start(1);
  rank0_->interrupt(false, now_);
  EXPECT_FALSE(ask(scheduler::CancelJob{"r1", grant.job, {{0, 1}}, "no", false}));
  EXPECT_FALSE(rank0_->scheduler().request_known("r1"));
}

TEST_F(Wishes, ARehearsalEndsTheRunUnfinished) {
  settings_.only = {{model::JobId{1}, {{1, 2}}}};
  begin({{}, {JobBuilder("first"), JobBuilder("a").array(3).after("first")}});
  join();
  auto grants = only<protocol::Grant>(down());
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(grants[0].job, model::JobId{0});
  up(protocol::Ends{{{1, {grants[0].job, 0, grants[0].id}, {}}}});
  grants = only<protocol::Grant>(down());
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(grants[0].children, (model::Ranges{{1, 2}}));
  up(protocol::Ends{{{2, {grants[0].job, 1, grants[0].id}, {}}}});
  (void)down();
  (void)down();
  ASSERT_TRUE(rank0_->result());
  EXPECT_EQ(rank0_->result()->end, RunEnd::Succeeded);
  EXPECT_FALSE(rank0_->scheduler().finished());
}

TEST_F(Wishes, AGrantNamesItsEnvironmentAndWhatItTakes) {
  testing::PlanBuilder plan;
  plan.queues = {{"q", 1, {0}, {}, {}}};
  plan.environments = {{"rack", true, 0, 0, {}, {}}};
  plan.jobs = {JobBuilder("a").vcpus(2)};
  begin(plan);
  join();
  const auto grant = only<protocol::Grant>(down()).at(0);
  EXPECT_EQ(grant.environment, "rack");
  EXPECT_EQ(grant.each.vcpus, 2U);
  EXPECT_FALSE(grant.gang);
}

TEST_F(Wishes, EachNodeOfAGangIsToldItsPart) {
  JobBuilder solve("solve");
  solve.gang(2, {1, 0, 0});
  solve.spec.gang->spread = false;
  begin({{}, {solve}});
  join();
  const auto frames = down();
  const auto grants = only<protocol::Grant>(frames);
  ASSERT_FALSE(grants.empty());
  EXPECT_EQ(only<protocol::Templates>(frames).size(), 1U);
  std::uint64_t members = 0;
  for (const protocol::Grant& grant : grants) {
    ASSERT_TRUE(grant.gang);
    members += model::count(grant.gang->members);
    EXPECT_EQ(grant.gang->main, grants[0].id);
    EXPECT_EQ(grant.gang->nodes, 2U);
    EXPECT_EQ(grant.gang->main_host, "n1");
  }
  EXPECT_EQ(members, 2U);
}

TEST_F(Wishes, AStarterThatOnlyFinishesLeavesOnce) {
  begin({{}, {JobBuilder("a")}});
  join();
  const auto grant = only<protocol::Grant>(down()).at(0);
  constexpr LinkId kOld{5};
  rank0_->link_opened(kOld, NodeUse::FinishOnly, now_);
  protocol::Hello old;
  old.name = {"n1", 1};
  old.instance = model::InstanceId{9};
  old.capacity = {0, 0};
  old.predecessor = model::Predecessor::None;
  rank0_->receive(kOld, {settings_.epoch, old.instance, {old}}, now_);
  EXPECT_EQ(only<protocol::Leave>(down()).size(), 1U);
  up(protocol::Ends{{{1, {grant.job, 0, grant.id}, {}}}});
  EXPECT_EQ(only<protocol::Leave>(down()).size(), 1U);  // the other one's
}

}  // namespace
}  // namespace mpibatch::server
