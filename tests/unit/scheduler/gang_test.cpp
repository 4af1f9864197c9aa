#include "scheduler/placement_gang.hpp"

#include "support/scheduler_timeline.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using model::ChildIndex;
using model::GangGranted;
using model::GangPart;
using model::JobId;
using model::NodeId;
using model::Ranges;
using testing::at;
using testing::JobBuilder;
using testing::SchedulerDriver;
using testing::Timeline;

std::vector<GangGranted> gangs(SchedulerDriver& driver) {
  std::vector<GangGranted> made;
  for (const model::Fact& fact : driver.decide())
    if (const auto* gang = std::get_if<GangGranted>(&fact)) made.push_back(*gang);
  return made;
}

JobBuilder gang_of(model::Gang gang) {
  JobBuilder job("g");
  job.spec.gang = std::move(gang);
  job.spec.resources = job.spec.gang->ranges.front().each;
  return job;
}

TEST(Gang, GoesToAllOfItsNodesOrNone) {
  SchedulerDriver driver({{}, {JobBuilder("g").gang(3, {2, 0, 0})}});
  driver.join("n1", {2, 0});
  driver.join("n2", {2, 0});
  EXPECT_TRUE(driver.decide().empty());
  driver.join("n3", {2, 0});
  const auto made = gangs(driver);
  ASSERT_EQ(made.size(), 1U);
  ASSERT_EQ(made[0].parts.size(), 3U);
  std::set<NodeId> nodes;
  for (const GangPart& part : made[0].parts) {
    nodes.insert(part.node);
    EXPECT_EQ(model::count(part.members), 1U);
    EXPECT_EQ(part.all, (model::Resources{2, 0, 0}));
  }
  EXPECT_EQ(nodes.size(), 3U);
  EXPECT_EQ(made[0].parts[0].grant, driver.grant(1));
  EXPECT_EQ(made[0].parts[2].grant, driver.grant(3));
}

TEST(Gang, PutsTheMainMembersPartFirst) {
  SchedulerDriver driver(
      {{}, {gang_of({3, 2, {{0, 2, {1, 0, 0}}, {2, 3, {4, 0, 0}}}, true, false})}});
  driver.join("n1", {1, 0});
  driver.join("n2", {1, 0});
  const NodeId big = driver.join("n3", {4, 0});
  const auto made = gangs(driver);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].parts[0].node, big);
  EXPECT_EQ(made[0].parts[0].members, (Ranges{{2, 3}}));
}

TEST(Gang, NeverPutsTwoMembersOnOneHost) {
  SchedulerDriver driver({{}, {JobBuilder("g").gang(2, {1, 0, 0})}});
  for (std::uint32_t share = 0; share < 3; ++share)
    driver.happen(NodeHello{{"n1", share}, {1}, "b", {4, 0, 0}, {}});
  EXPECT_TRUE(driver.decide().empty());
  driver.join("n2", {4, 0});
  EXPECT_EQ(gangs(driver).size(), 1U);
}

TEST(Gang, PacksMembersWhereItNeedNotSpread) {
  SchedulerDriver driver({{}, {gang_of({6, 1, {{0, 6, {2, 100, 0}}}, false, false})}});
  driver.join("n1", {4, 0});  // no memory
  driver.join("n2", {8, 300});
  driver.join("n3", {8, 1000});
  const auto made = gangs(driver);
  ASSERT_EQ(made.size(), 1U);
  ASSERT_EQ(made[0].parts.size(), 2U);
  std::uint64_t members = 0;
  for (const GangPart& part : made[0].parts) {
    members += model::count(part.members);
    EXPECT_EQ(part.all.vcpus, 2 * model::count(part.members));
    EXPECT_EQ(part.all.memory_mib, 100 * model::count(part.members));
  }
  EXPECT_EQ(members, 6U);
  EXPECT_TRUE(model::contains(made[0].parts[0].members, 1));
}

TEST(Gang, AloneTakesWholeEmptyNodes) {
  SchedulerDriver driver({{},
                          {JobBuilder("small"), gang_of({2, 0, {{0, 2, {1, 0, 0}}}, true, true}),
                           JobBuilder("late").array(20)}});
  driver.join("n1", {8, 1000});
  driver.join("n2", {4, 500});
  driver.join("n3", {2, 300});
  const auto facts = driver.decide();
  const GangGranted* gang = nullptr;
  for (const model::Fact& fact : facts)
    if (std::holds_alternative<GangGranted>(fact)) gang = &std::get<GangGranted>(fact);
  ASSERT_NE(gang, nullptr);
  for (const GangPart& part : gang->parts) {
    EXPECT_NE(part.node, NodeId{0});  // `small` is there
    EXPECT_EQ(part.all, driver.core.node(part.node)->capacity);
    EXPECT_EQ(driver.core.node(part.node)->granted, part.all);
  }
}

TEST(Gang, AloneHasNoBacklogBesideIt) {
  const std::vector<model::Queue> queues{{"low", 1}, {"high", 9}};
  SchedulerDriver driver({queues, {JobBuilder("quick").array(2)}});
  driver.join("n1", {2, 0});
  driver.decide();
  model::AttemptEnd end;
  end.usage.wall = 1ms;
  driver.ended(driver.grant(1), {{0, 2}}, end);
  driver.adopt({queues,
                {JobBuilder("quick").array(40),
                 gang_of({1, 0, {{0, 1, {1, 0, 0}}}, true, true}).queue("high")}});
  const auto facts = driver.decide();
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<GangGranted>(facts[0]));
}

// Lost, or given back: nothing of that undoes what the main member has done.
TEST(Gang, SucceedsWithItsMainMemberAfterAnotherWasLost) {
  for (const bool lost : {true, false}) {
    SchedulerDriver driver({{}, {JobBuilder("g").gang(2, {1, 0, 0})}});
    driver.join("n1", {1, 0});
    driver.join("n2", {1, 0});
    ASSERT_EQ(gangs(driver).size(), 1U);
    driver.started(driver.grant(1), {{0, 1}});
    const GrantView other = driver.view(driver.grant(2));
    if (lost)
      driver.happen(InstanceGone{other.node, other.instance, "power"});
    else
      driver.returned(other.id, {{0, 1}});
    driver.ended(driver.grant(1), {{0, 1}});
    EXPECT_EQ(driver.state("g"), "succeeded");
  }
}

TEST(Gang, SpendsNoAttemptWhereAnotherMemberWasLostBefore) {
  SchedulerDriver driver({{}, {JobBuilder("g").gang(2, {1, 0, 0})}});
  driver.join("n1", {1, 0});
  driver.join("n2", {1, 0});
  ASSERT_EQ(gangs(driver).size(), 1U);
  driver.started(driver.grant(1), {{0, 1}});
  const GrantView other = driver.view(driver.grant(2));
  driver.happen(InstanceGone{other.node, other.instance, "power"});
  driver.ended(driver.grant(1), {{0, 1}}, testing::end_of(model::EndKind::Exited, 1));
  EXPECT_EQ(driver.state("g"), "runnable");
  EXPECT_EQ(driver.core.attempts_failed(driver.job("g"), 0), 0U);
}

TEST(Gang, DoesNotGoAgainAfterALossWhereAUserEndedIt) {
  SchedulerDriver driver({{}, {JobBuilder("g").gang(2, {1, 0, 0})}});
  driver.join("n1", {1, 0});
  driver.join("n2", {1, 0});
  ASSERT_EQ(gangs(driver).size(), 1U);
  driver.started(driver.grant(1), {{0, 1}});
  const GrantView other = driver.view(driver.grant(2));
  driver.happen(InstanceGone{other.node, other.instance, "power"});
  driver.happen(CancelJob{"u1", driver.job("g"), {{0, 1}}, "enough", true});
  driver.ended(driver.grant(1), {{0, 1}}, testing::end_of(model::EndKind::Exited, 1));
  EXPECT_EQ(driver.state("g"), "cancelled");
}

TEST(Gang, OfAnArrayIsOneOfMany) {
  SchedulerDriver driver({{}, {JobBuilder("g").array(5).gang(2, {2, 0, 0}).max_concurrent(3)}});
  for (const char* name : {"n1", "n2", "n3"}) driver.join(name, {4, 0});
  const auto made = gangs(driver);
  ASSERT_EQ(made.size(), 3U);
  for (ChildIndex i = 0; i < 3; ++i) EXPECT_EQ(made[i].child, i);
}

TEST(Gang, WaitsWithAReservationOverItsNodes) {
  Timeline line(
      {{},
       {JobBuilder("a").vcpus(2).expected(10s), JobBuilder("b").vcpus(2).expected(20s),
        JobBuilder("g").gang(2, {3, 0, 0}).expected(5s), JobBuilder("long").array(6).expected(30s),
        JobBuilder("short").array(6).expected(8s)}});
  line.join("n1", {4, 0});
  line.join("n2", {4, 0});
  line.run();
  EXPECT_EQ(line.start("g"), at(20s));
  EXPECT_EQ(line.start("long", 0), at(0s));  // one on each node fits beside the gang
  EXPECT_EQ(line.start("long", 1), at(0s));
  EXPECT_GE(line.start("long", 2), at(20s));
  EXPECT_EQ(line.start("short", 0), at(0s));
}

TEST(Gang, IsNotStarvedWhereNobodyKnowsAnyTime) {
  Timeline line({{},
                 {JobBuilder("first").array(4), JobBuilder("g").gang(2, {2, 0, 0}),
                  JobBuilder("small").array(40)}});
  line.join("n1", {2, 0});
  line.join("n2", {2, 0});
  line.takes = [](JobId, ChildIndex child) { return std::chrono::seconds(5 + child % 3); };
  line.run();
  EXPECT_LE(line.start("g"), at(8s));
}

TEST(Gang, HoldsNobodyBackWhereItNeverFits) {
  SchedulerDriver driver({{}, {JobBuilder("g").gang(3, {1, 0, 0}), JobBuilder("a")}});
  driver.join("n1", {1, 0});
  driver.join("n2", {1, 0});
  EXPECT_EQ(driver.grants().size(), 1U);
}

TEST(Gang, CountsInFullAgainstMaxVcpus) {
  testing::PlanBuilder plan{{{"default", 1, {0}}}, {JobBuilder("g").array(3).gang(2, {2, 0, 0})}};
  plan.environments = {{"e", true, 0, 9, {}, {}}};
  SchedulerDriver driver(plan);
  driver.join("n1", {64, 0});
  driver.join("n2", {64, 0});
  EXPECT_EQ(gangs(driver).size(), 2U);
}

// What ran when it was first looked at once said for ever whether its nodes would be enough.
TEST(Gang, ThatIsExclusiveFitsUnderMaxVcpusWhateverRan) {
  testing::PlanBuilder plan{{{"default", 1, {0}}, {"other", 2, {}}},
                            {JobBuilder("b").array(2).vcpus(2).queue("other"),
                             gang_of({3, 1, {{0, 3, {1, 0, 0}}}, false, true})}};
  plan.environments = {{"e", true, 0, 4, {}, {}}};
  SchedulerDriver driver(plan);
  driver.join("n1", {2, 0});
  driver.join("n2", {3, 0});
  const NodeId big = driver.join("n3", {4, 0});
  const auto busy = driver.grants();
  ASSERT_EQ(busy.size(), 2U);  // on n2 and n3
  for (const model::Granted& grant : busy) driver.ended(grant.grant, grant.children);
  const auto made = gangs(driver);
  ASSERT_EQ(made.size(), 1U);
  ASSERT_EQ(made[0].parts.size(), 1U);
  EXPECT_EQ(made[0].parts[0].node, big);
}

// ---- seats

GangSite site(std::uint32_t node, Room room) {
  return {node,
          node,
          room,
          {static_cast<std::uint32_t>(room.vcpus), static_cast<std::uint64_t>(room.memory_mib),
           static_cast<std::uint32_t>(room.gpus)}};
}

TEST(GangSeats, AreFoundWhereThereIsAnyWay) {
  // Each range fits on two nodes of three, in a ring: who comes first must give way.
  const model::Gang gang{
      3, 0, {{0, 1, {4, 0, 0}}, {1, 2, {1, 8, 0}}, {2, 3, {1, 0, 1}}}, true, false};
  const std::vector<GangSite> sites{site(0, {4, 8, 0}), site(1, {1, 8, 1}), site(2, {4, 0, 1})};
  for (const auto& order :
       {std::vector<int>{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    std::vector<GangSite> shuffled;
    for (const int i : order) shuffled.push_back(sites[static_cast<std::size_t>(i)]);
    EXPECT_TRUE(seat(gang, shuffled));
  }
}

TEST(GangSeats, AreNotFoundWhereThereIsNone) {
  const model::Gang gang{3, 0, {{0, 2, {4, 0, 1}}, {2, 3, {1, 0, 0}}}, true, false};
  EXPECT_FALSE(seat(gang, {site(0, {4, 0, 1}), site(1, {4, 0, 0}), site(2, {4, 0, 0})}));
  EXPECT_FALSE(seat(gang, {site(0, {4, 0, 1}), site(1, {4, 0, 1})}));
  EXPECT_TRUE(seat(gang, {site(0, {4, 0, 1}), site(1, {4, 0, 1}), site(2, {1, 0, 0})}));
}

TEST(GangSeats, OfAnExclusiveGangAreOnSmallNodesWhereElseTheyWouldTakeTooMuch) {
  const model::Gang gang{3, 0, {{0, 3, {1, 0, 0}}}, false, true};
  const std::vector<GangSite> sites{site(0, {4, 0, 0}), site(1, {2, 0, 0}), site(2, {3, 0, 0}),
                                    site(3, {2, 0, 0})};
  EXPECT_EQ(vcpus_of(seat(gang, sites, 5).value()), 4U);  // the first that is enough
  EXPECT_EQ(vcpus_of(seat(gang, sites, 3).value()), 3U);
  EXPECT_FALSE(seat(gang, sites, 2));
}

TEST(GangSeats, NameEveryMemberOnce) {
  for (const bool spread : {true, false})
    for (std::uint32_t main = 0; main < 7; ++main) {
      const model::Gang gang{7, main, {{0, 3, {1, 0, 0}}, {3, 7, {2, 0, 0}}}, spread, false};
      std::vector<GangSite> sites;
      for (std::uint32_t i = 0; i < 9; ++i) sites.push_back(site(i, {2 + i % 2, 0, 0}));
      const auto seats = seat(gang, sites);
      ASSERT_TRUE(seats);
      std::multiset<ChildIndex> members;
      for (const GangSeat& each : *seats)
        model::for_each(each.members, [&](ChildIndex member) { members.insert(member); });
      EXPECT_EQ(members, (std::multiset<ChildIndex>{0, 1, 2, 3, 4, 5, 6}));
      EXPECT_TRUE(model::contains(seats->front().members, main));
    }
}

}  // namespace
}  // namespace mpibatch::scheduler
