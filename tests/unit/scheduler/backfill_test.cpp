#include <algorithm>
#include <random>

#include "scheduler/limits.hpp"
#include "scheduler/placement_memory.hpp"
#include "support/scheduler_timeline.hpp"

namespace mpibatch::scheduler {
namespace {

using namespace std::chrono_literals;
using model::ChildIndex;
using model::JobId;
using model::NodeId;
using testing::at;
using testing::JobBuilder;
using testing::PlanBuilder;
using testing::Timeline;

TEST(Backfill, LetsShortWorkGoAheadThatEndsInTime) {
  Timeline line(
      {{},
       {JobBuilder("first").vcpus(3).expected(10s), JobBuilder("wide").vcpus(4).expected(5s),
        JobBuilder("long").expected(11s), JobBuilder("short").expected(10s)}});
  line.join("n1", {4, 0});
  line.run();
  EXPECT_EQ(line.start("wide"), at(10s));
  EXPECT_EQ(line.start("short"), at(0s));  // beside `first`, over when it is
  EXPECT_EQ(line.start("long"), at(15s));
}

TEST(Backfill, LetsLongWorkGoAheadThatFitsBesideTheHead) {
  Timeline line({{},
                 {JobBuilder("first").vcpus(3).expected(10s),
                  JobBuilder("wide").vcpus(3).expected(5s), JobBuilder("long").expected(100s)}});
  line.join("n1", {4, 0});
  line.run();
  EXPECT_EQ(line.start("wide"), at(10s));
  EXPECT_EQ(line.start("long"), at(0s));
}

TEST(Backfill, DoesNotFillWhatIsLeftBesideTheHeadTwice) {
  Timeline line(
      {{},
       {JobBuilder("first").vcpus(2).expected(10s), JobBuilder("wide").vcpus(3).expected(5s),
        JobBuilder("long").array(2).expected(100s)}});
  line.join("n1", {4, 0});
  line.run();
  EXPECT_EQ(line.start("wide"), at(10s));
  EXPECT_EQ(line.start("long", 0), at(0s));
  EXPECT_EQ(line.start("long", 1), at(15s));
}

TEST(Backfill, HoldsBackWorkOfUnknownLengthFromAReservedNodeAlone) {
  Timeline line(
      {{},
       {JobBuilder("first").vcpus(3).expected(10s), JobBuilder("other").vcpus(2).expected(99s),
        JobBuilder("wide").vcpus(4).expected(5s), JobBuilder("unknown").array(2)}});
  const NodeId reserved = line.join("n1", {4, 0});
  line.join("n2", {3, 0});  // the wide one fits there never
  line.takes = [&](JobId job, ChildIndex) {
    const Duration expected = line.adopted.jobs.at(job).spec.expected;
    return expected > 0s ? expected : Duration{7s};
  };
  line.run();
  EXPECT_EQ(line.runs.at({line.job("first"), 0}).nodes.front(), reserved);
  EXPECT_EQ(line.start("unknown", 0), at(0s));  // on n2, beside `other`
  EXPECT_EQ(line.start("unknown", 1), at(7s));
  EXPECT_EQ(line.start("wide"), at(10s));
}

TEST(Backfill, LetsNothingDelayAHeadWhoseTimeNobodyKnows) {
  Timeline line({{},
                 {JobBuilder("first").vcpus(1), JobBuilder("wide").vcpus(2).expected(1s),
                  JobBuilder("small").array(3).expected(1s)}});
  line.join("n1", {2, 0});
  line.takes = [&](JobId job, ChildIndex) { return job == line.job("first") ? 10s : 1s; };
  line.run();
  EXPECT_EQ(line.start("wide"), at(10s));
  EXPECT_EQ(line.start("small", 0), at(11s));
}

TEST(Backfill, UsesWhatTheHeadDoesNotLack) {
  Timeline line({{},
                 {JobBuilder("first").gpus(1), JobBuilder("gpu").gpus(1).expected(1s),
                  JobBuilder("cpu").array(2).expected(50s)}});
  line.join("n1", {4, 0, 1});
  line.takes = [&](JobId job, ChildIndex) { return job == line.job("first") ? 10s : 1s; };
  line.step();
  EXPECT_TRUE(line.runs.contains({line.job("cpu"), 1}));
  line.run();
  EXPECT_EQ(line.start("gpu"), at(10s));
}

TEST(Backfill, HoldsForQueuesOfLowerPriority) {
  Timeline line({{{"high", 10}, {"low", 1}},
                 {JobBuilder("first").vcpus(3).expected(10s).queue("high"),
                  JobBuilder("wide").vcpus(4).expected(5s).queue("high"),
                  JobBuilder("long").expected(11s).queue("low"),
                  JobBuilder("short").expected(10s).queue("low")}});
  line.join("n1", {4, 0});
  line.run();
  EXPECT_EQ(line.start("wide"), at(10s));
  EXPECT_EQ(line.start("short"), at(0s));
  EXPECT_EQ(line.start("long"), at(15s));
}

TEST(Backfill, GivesEachQueueItsHead) {
  // Without a reservation of its own the second queue's wide job would wait as long as the first
  // queue has one.
  PlanBuilder plan{{{"a", 1, {0}}, {"b", 1, {1}}}, {}};
  plan.environments = {{"left", true, 0, 0, {"n1"}, {}}, {"right", true, 0, 0, {"n2"}, {}}};
  plan.jobs = {JobBuilder("a1").vcpus(2).expected(100s).queue("a"),
               JobBuilder("a2").vcpus(3).expected(1s).queue("a"),
               JobBuilder("b1").vcpus(2).expected(10s).queue("b"),
               JobBuilder("b2").vcpus(3).expected(1s).queue("b"),
               JobBuilder("b3").expected(50s).queue("b")};
  Timeline line(plan);
  line.join("n1", {3, 0});
  line.join("n2", {3, 0});
  line.run();
  EXPECT_EQ(line.start("b2"), at(10s));
  EXPECT_EQ(line.start("b3"), at(11s));
}

TEST(Backfill, TakesOverdueWorkToEndAnyMoment) {
  Timeline line(
      {{},
       {JobBuilder("first").vcpus(3).expected(10s), JobBuilder("wide").vcpus(4).expected(5s),
        JobBuilder("long").expected(11s).not_before(12s)}});
  line.join("n1", {4, 0});
  line.takes = [&](JobId job, ChildIndex) { return job == line.job("first") ? 20s : 5s; };
  line.run();
  EXPECT_EQ(line.start("wide"), at(20s));
  EXPECT_EQ(line.start("long"), at(25s));
}

// ---- Properties, on random small workloads.

struct Workload {
  PlanBuilder plan;
  std::vector<std::uint32_t> nodes;  // vCPUs
};

// Jobs take 1 to 20 times `unit`, and `more`.
Workload random_workload(unsigned seed, bool gangs, Duration unit = 1s, Duration more = 0s) {
  std::mt19937 random(seed);
  const auto number = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  Workload load;
  const int nodes = number(1, 4);
  for (int i = 0; i < nodes; ++i) load.nodes.push_back(static_cast<std::uint32_t>(number(2, 8)));
  const auto widest = static_cast<int>(*std::max_element(load.nodes.begin(), load.nodes.end()));
  const auto narrowest = static_cast<int>(*std::min_element(load.nodes.begin(), load.nodes.end()));
  for (int i = number(4, 24); i > 0; --i) {
    JobBuilder job("j" + std::to_string(i));
    job.expected(more + number(1, 20) * unit);
    if (gangs && number(0, 2) == 0) {
      job.gang(static_cast<std::uint32_t>(number(1, nodes)),
               {static_cast<std::uint32_t>(number(1, narrowest)), 0, 0});
    } else {
      job.vcpus(static_cast<std::uint32_t>(number(0, 2) == 0 ? number(1, widest) : number(1, 2)));
      if (number(0, 3) == 0) job.array(static_cast<ChildIndex>(number(1, 5)));
    }
    load.plan.jobs.push_back(std::move(job));
  }
  return load;
}

// When this unit could start at the earliest if nothing but these runs were there.
Instant earliest(const Timeline& line, const model::JobSpec& spec,
                 const std::vector<const Timeline::Run*>& there,
                 const std::function<std::uint32_t(const Timeline::Run&)>& vcpus_of) {
  std::vector<Instant> times;  // of each node
  for (const NodeView& node : line.core.nodes()) {
    const std::uint32_t asked = spec.resources.vcpus;
    if (asked > node.capacity.vcpus) continue;
    std::vector<std::pair<Instant, std::uint32_t>> ends;
    std::uint32_t used = 0;
    for (const Timeline::Run* run : there)
      for (const NodeId each : run->nodes)
        if (each == node.id && run->end > line.now) {
          ends.emplace_back(run->end, vcpus_of(*run));
          used += ends.back().second;
        }
    std::sort(ends.begin(), ends.end());
    Instant time = line.now;
    for (auto next = ends.begin(); used + asked > node.capacity.vcpus; ++next) {
      used -= next->second;
      time = next->first;
    }
    times.push_back(time);
  }
  std::sort(times.begin(), times.end());
  return times.at((spec.gang ? spec.gang->nodes : 1) - 1);
}

void check_promises(unsigned seed, const Workload& load, Duration late_max = 0s) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Timeline line(load.plan);
  for (std::size_t i = 0; i < load.nodes.size(); ++i)
    line.join("n" + std::to_string(i), {load.nodes[i], 0});
  std::map<Timeline::Key, Instant> promised;
  const auto vcpus_of_key = [&](const Timeline::Key& key) {
    return line.adopted.jobs.at(key.first).spec.resources.vcpus;
  };
  const auto look = [&] {
    EXPECT_FALSE(line.over_capacity());
    // The first in order that has not started heads the queue.
    for (const model::AdoptedJob& job : line.adopted.fact.jobs)
      for (ChildIndex child = 0; child < job.spec.size; ++child) {
        const Timeline::Key key{job.id, child};
        if (line.runs.contains(key)) continue;
        std::map<const Timeline::Run*, std::uint32_t> vcpus;
        std::vector<const Timeline::Run*> before;
        for (const auto& [other, run] : line.runs) {
          vcpus[&run] = vcpus_of_key(other);
          // What has just gone ahead of it must not matter.
          if (run.start < line.now || other < key) before.push_back(&run);
        }
        const Instant time = earliest(line, job.spec, before,
                                      [&](const Timeline::Run& run) { return vcpus.at(&run); });
        promised.try_emplace(key, time);
        return;
      }
  };
  line.step();
  look();
  while (line.advance()) {
    line.step();
    look();
  }
  for (const auto& [key, time] : promised)
    EXPECT_LE(to_us(line.runs.at(key).start), to_us(time + late_max))
        << "job " << line.core.name(key.first) << ", child " << key.second;
  EXPECT_TRUE(line.core.finished());
}

TEST(Backfill, NeverDelaysAReservation) {
  for (unsigned seed = 1; seed <= 1000; ++seed) check_promises(seed, random_workload(seed, false));
}

TEST(Backfill, NeverDelaysAGangsReservation) {
  for (unsigned seed = 1; seed <= 1000; ++seed) check_promises(seed, random_workload(seed, true));
}

// Ends that crowd together: a reservation may be as old as a round remembers it.
TEST(Backfill, DelaysNoReservationForLongerThanItIsRemembered) {
  for (unsigned seed = 1; seed <= 500; ++seed)
    check_promises(seed, random_workload(seed, seed % 2 == 0, 7ms, 1s), kMemoryAge);
}

// Graham: whatever the order, sum/m + (1 - 1/m) * longest.
TEST(Backfill, KeepsTheListSchedulingBound) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Workload load = random_workload(seed, false);
    double sum = 0;
    double longest = 0;
    std::uint32_t slots = 0;
    for (const std::uint32_t vcpus : load.nodes) slots += vcpus;
    for (JobBuilder& job : load.plan.jobs) {
      job.vcpus(1);
      const auto takes = static_cast<double>(job.spec.expected.count());
      sum += takes * job.spec.size;
      longest = std::max(longest, takes);
    }
    Timeline line(load.plan);
    for (std::size_t i = 0; i < load.nodes.size(); ++i)
      line.join("n" + std::to_string(i), {load.nodes[i], 0});
    line.run();
    EXPECT_TRUE(line.core.finished());
    EXPECT_LE(static_cast<double>(to_us(line.makespan())),
              sum / slots + (1 - 1.0 / slots) * longest + 1);
  }
}

// The best makespan of one-CPU jobs on so many slots, by trying everything.
std::int64_t optimum(const std::vector<std::int64_t>& jobs, std::size_t slots) {
  std::int64_t best = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> loads(slots, 0);
  const std::function<void(std::size_t)> assign = [&](std::size_t job) {
    if (job == jobs.size()) {
      best = std::min(best, *std::max_element(loads.begin(), loads.end()));
      return;
    }
    for (std::int64_t& load : loads) {
      load += jobs[job];
      if (load < best) assign(job + 1);
      load -= jobs[job];
    }
  };
  assign(0);
  return best;
}

TEST(Backfill, IsWithinGrahamsRatioOfTheOptimum) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> takes(1, 9);
    const std::size_t slots = 2 + seed % 2;
    PlanBuilder plan;
    std::vector<std::int64_t> jobs;
    for (int i = 0; i < 7; ++i) {
      const std::chrono::seconds time(takes(random));
      plan.jobs.push_back(JobBuilder("j" + std::to_string(i)).expected(time));
      jobs.push_back(Duration(time).count());
    }
    Timeline line(plan);
    line.join("n1", {static_cast<std::uint32_t>(slots), 0});
    line.run();
    const std::int64_t best = optimum(jobs, slots);
    const auto ratio = 2 - 1.0 / static_cast<double>(slots);
    EXPECT_GE(to_us(line.makespan()), best);
    EXPECT_LE(static_cast<double>(to_us(line.makespan())), ratio * static_cast<double>(best));
  }
}

}  // namespace
}  // namespace mpibatch::scheduler
