// Workflows as they are known from astronomy and genomics, 2,000 jobs each, played in virtual time.
// Where CPUs are plentiful nothing but the critical path takes time; where they are not, no CPU
// idles while a job is ready.
#include <algorithm>
#include <deque>
#include <functional>
#include <queue>
#include <random>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <mpibatch/scheduler/scheduler.hpp>

namespace mpibatch::scheduler {
namespace {

constexpr std::uint32_t kDependenciesMax = 600;

// Jobs that ask for one CPU, known by their number; `takes` is what no scheduler knows.
struct Workflow {
  struct Job {
    Duration takes{0};
    std::vector<std::uint32_t> after;
  };
  std::vector<Job> jobs;
  std::mt19937_64 random{1};

  // Takes around `seconds`: half as long at the least, and half as long again at the most.
  std::uint32_t add(double seconds, std::vector<std::uint32_t> after = {}) {
    const auto part = static_cast<double>(random() % 1001) / 1000;
    EXPECT_LE(after.size(), kDependenciesMax);
    jobs.push_back({Duration{static_cast<std::int64_t>(seconds * (0.5 + part) * 1e6)}, after});
    return static_cast<std::uint32_t>(jobs.size() - 1);
  }

  Duration critical_path() const {
    std::vector<Duration> ends;
    for (const Job& job : jobs) {
      Duration begin{0};
      for (const std::uint32_t other : job.after) begin = std::max(begin, ends[other]);
      ends.push_back(begin + job.takes);
    }
    return *std::max_element(ends.begin(), ends.end());
  }
  Duration work() const {
    Duration sum{0};
    for (const Job& job : jobs) sum += job.takes;
    return sum;
  }
  model::PlanAdopted plan() const {
    model::PlanAdopted plan;
    plan.revision = model::Revision{1};
    plan.rules.queues.push_back({"default", 1});
    for (std::uint32_t number = 0; number < jobs.size(); ++number) {
      model::AdoptedJob& job = plan.jobs.emplace_back();
      job.id = model::JobId{number};
      job.spec.name = fmt::format("job-{}", number);
      for (const std::uint32_t other : jobs[number].after)
        job.spec.depends_on.push_back({model::JobId{other}});
    }
    return plan;
  }
};

// Mosaics of two bands: project, fit each overlap, one model of all backgrounds, correct, add.
Workflow montage() {
  constexpr std::uint32_t kImages = 185;
  constexpr std::uint32_t kOverlaps = kDependenciesMax;
  constexpr std::uint32_t kTiles = 13;
  Workflow flow;
  std::vector<std::uint32_t> mosaics;
  for (int band = 0; band < 2; ++band) {
    std::vector<std::uint32_t> projected;
    std::vector<std::uint32_t> fits;
    std::vector<std::uint32_t> corrected;
    std::vector<std::uint32_t> shrunk;
    for (std::uint32_t i = 0; i < kImages; ++i) projected.push_back(flow.add(12));
    for (std::uint32_t i = 0; i < kOverlaps; ++i)
      fits.push_back(
          flow.add(3, {projected[i % kImages], projected[(i + 1 + i / kImages) % kImages]}));
    const std::uint32_t model = flow.add(40, {flow.add(20, fits)});
    for (const std::uint32_t image : projected) corrected.push_back(flow.add(2, {image, model}));
    const std::uint32_t table = flow.add(5, corrected);
    for (std::uint32_t i = 0; i < kTiles; ++i)
      shrunk.push_back(flow.add(6, {flow.add(30, {table})}));
    mosaics.push_back(flow.add(10, shrunk));
  }
  flow.add(3, mosaics);
  return flow;
}

// 22 chromosomes: parse the individuals and merge them, sift, then two analyses a population.
Workflow genomes() {
  constexpr std::uint32_t kIndividuals = 75;
  constexpr std::uint32_t kPopulations = 7;
  Workflow flow;
  std::vector<std::uint32_t> analyses;
  for (int chromosome = 0; chromosome < 22; ++chromosome) {
    std::vector<std::uint32_t> parsed;
    for (std::uint32_t i = 0; i < kIndividuals; ++i) parsed.push_back(flow.add(60));
    const std::uint32_t merged = flow.add(30, parsed);
    const std::uint32_t sifted = flow.add(10);
    for (std::uint32_t i = 0; i < kPopulations; ++i) {
      analyses.push_back(flow.add(25, {merged, sifted}));
      analyses.push_back(flow.add(90, {merged, sifted}));
    }
  }
  flow.add(5, analyses);
  return flow;
}

// Lanes of a sequencer: split, a chain of four steps for each part, merge; then one map of all.
Workflow epigenomics() {
  constexpr std::uint32_t kParts = 71;
  Workflow flow;
  std::vector<std::uint32_t> lanes;
  for (int lane = 0; lane < 7; ++lane) {
    const std::uint32_t split = flow.add(20);
    std::vector<std::uint32_t> mapped;
    for (std::uint32_t i = 0; i < kParts; ++i)
      mapped.push_back(flow.add(45, {flow.add(2, {flow.add(3, {flow.add(4, {split})})})}));
    lanes.push_back(flow.add(15, mapped));
  }
  flow.add(30, {flow.add(20, {flow.add(10, lanes)})});
  return flow;
}

// Layers in which everybody waits for hundreds.
Workflow dense() {
  constexpr std::uint32_t kWidth = 200;
  Workflow flow;
  for (std::uint32_t layer = 0; layer < 10; ++layer) {
    const std::uint32_t before = layer * kWidth;
    for (std::uint32_t i = 0; i < kWidth; ++i) {
      std::vector<std::uint32_t> after;
      const std::uint32_t wanted = std::min(before, kDependenciesMax);
      for (std::uint32_t k = 0; k < wanted; ++k)
        after.push_back(static_cast<std::uint32_t>(std::uint64_t{before} * k / wanted));
      flow.add(10, std::move(after));
    }
  }
  return flow;
}

// Nodes that start what they are given in that order, as soon as they have a CPU.
class WorkflowPlayer {
 public:
  WorkflowPlayer(const Workflow& flow, std::uint32_t nodes, std::uint32_t cpus) : flow_(flow) {
    apply(model::EpochBegan{model::Epoch{1}, "h", "boot", {}, kBegin});
    apply(flow.plan());
    for (std::uint32_t node = 0; node < nodes; ++node) {
      nodes_.push_back({cpus, {}});
      happen(NodeHello{{fmt::format("n{}", node), 0}, {node + 1U}, "b", {cpus, 0, 0}, {}});
    }
  }

  // When the last job ended.
  Duration play() {
    while (true) {
      decide();
      if (core_.finished()) return now_ - kBegin;
      if (running_.empty()) return Duration::max();
      now_ = std::min(running_.top().end, first_stale());
      give_back_stale();
      while (!running_.empty() && running_.top().end == now_) {
        end(running_.top());
        running_.pop();
      }
    }
  }
  std::size_t most_ahead() const { return most_ahead_; }  // that waited on a node at a time
  std::size_t given_back() const { return given_back_; }

 private:
  static constexpr Instant kBegin{std::chrono::hours(1)};
  static constexpr Duration kStale = std::chrono::seconds(1);  // a starter keeps nothing longer
  struct Piece {
    model::GrantId grant;
    std::uint32_t job = 0;
    Instant came{};
  };
  struct Node {
    std::uint32_t free = 0;
    std::deque<Piece> backlog;
  };
  struct Running {
    Instant end{};
    Piece piece;
    std::uint32_t node = 0;
    bool operator>(const Running& other) const {
      return std::tie(end, piece.job) > std::tie(other.end, other.piece.job);
    }
  };

  void apply(const model::Fact& fact) {
    const auto done = core_.apply(fact);
    ASSERT_TRUE(done) << done.error().message;
  }
  void happen(const Event& event) {
    for (const model::Fact& fact : core_.on(event, now_)) apply(fact);
  }

  void decide() {
    for (bool more = true; more;) {
      more = false;
      for (const model::Fact& fact : core_.decide(now_)) {
        const auto* granted = std::get_if<model::Granted>(&fact);
        if (!granted) continue;
        const std::uint32_t node = model::number_of(granted->node);
        nodes_[node].backlog.push_back({granted->grant, model::number_of(granted->job), now_});
        most_ahead_ = std::max(most_ahead_, nodes_[node].backlog.size());
        start(node);
      }
      for (const model::GrantId id : core_.take_changed_wishes()) more = give_back(id) || more;
    }
  }

  Instant first_stale() const {
    Instant at = Instant::max();
    for (const Node& node : nodes_)
      if (!node.backlog.empty()) at = std::min(at, node.backlog.front().came + kStale);
    return at;
  }

  void give_back_stale() {
    for (std::uint32_t number = 0; number < nodes_.size(); ++number) {
      std::deque<Piece>& backlog = nodes_[number].backlog;
      while (!backlog.empty() && backlog.front().came + kStale <= now_) {
        happen(ChildrenReturned{
            model::NodeId{number}, {number + 1U}, backlog.front().grant, {{0, 1}}});
        backlog.pop_front();
        ++given_back_;
      }
    }
  }

  bool give_back(model::GrantId id) {
    if (core_.to_recall(id).empty()) return false;
    for (std::uint32_t number = 0; number < nodes_.size(); ++number) {
      const auto same = [&](const Piece& piece) { return piece.grant == id; };
      if (std::erase_if(nodes_[number].backlog, same) == 0) continue;
      happen(ChildrenReturned{model::NodeId{number}, {number + 1U}, id, {{0, 1}}});
      return true;
    }
    return false;
  }

  void start(std::uint32_t number) {
    Node& node = nodes_[number];
    while (node.free > 0 && !node.backlog.empty()) {
      const Piece piece = node.backlog.front();
      node.backlog.pop_front();
      --node.free;
      running_.push({now_ + flow_.jobs[piece.job].takes, piece, number});
      happen(ChildrenStarted{model::NodeId{number}, {number + 1U}, piece.grant, {{0, 1}}});
    }
  }

  void end(const Running& ended) {
    AttemptsEnded event{model::NodeId{ended.node}, {ended.node + 1U}, {}};
    event.ends.push_back({{model::JobId{ended.piece.job}, 0, ended.piece.grant}, {}});
    event.ends[0].end.usage.wall = flow_.jobs[ended.piece.job].takes;
    happen(event);
    ++nodes_[ended.node].free;
    start(ended.node);
  }

  const Workflow& flow_;
  Scheduler core_;
  std::vector<Node> nodes_;
  std::priority_queue<Running, std::vector<Running>, std::greater<>> running_;
  Instant now_ = kBegin;
  std::size_t most_ahead_ = 0;
  std::size_t given_back_ = 0;
};

double seconds_of(Duration time) { return std::chrono::duration<double>(time).count(); }

// The makespan over the lower bound.
double ratio(const Workflow& flow, std::uint32_t nodes, std::uint32_t cpus) {
  const double capacity = static_cast<double>(nodes) * cpus;
  const double bound =
      std::max(seconds_of(flow.critical_path()), seconds_of(flow.work()) / capacity);
  return seconds_of(WorkflowPlayer(flow, nodes, cpus).play()) / bound;
}

// Any schedule that leaves no CPU idle while a job is ready ends by then (R. L. Graham, Bounds on
// multiprocessing timing anomalies, 1969).
void expect_busy_cpus(const Workflow& flow, std::uint32_t nodes, std::uint32_t cpus) {
  const double capacity = static_cast<double>(nodes) * cpus;
  const double path = seconds_of(flow.critical_path());
  const double most = seconds_of(flow.work()) / capacity + path * (1 - 1 / capacity);
  EXPECT_LE(seconds_of(WorkflowPlayer(flow, nodes, cpus).play()), most * 1.000001)
      << nodes << " nodes";
}

void expect_good(Workflow flow) {
  EXPECT_GE(flow.jobs.size(), 1990U);
  EXPECT_LE(flow.jobs.size(), 2010U);
  EXPECT_LE(ratio(flow, 32, 64), 1.05);  // a CPU for each job
  for (const std::uint32_t nodes : {1U, 4U, 16U}) expect_busy_cpus(flow, nodes, 8);
  // So short that they go ahead.
  for (Workflow::Job& job : flow.jobs) job.takes /= 100;
  EXPECT_LE(ratio(flow, 32, 64), 1.05);
  for (const std::uint32_t nodes : {1U, 4U, 16U}) expect_busy_cpus(flow, nodes, 8);
}

TEST(Optimum, MontageIsNotSlowerThanItsCriticalPath) { expect_good(montage()); }
TEST(Optimum, GenomesAreNotSlowerThanTheirCriticalPath) { expect_good(genomes()); }
TEST(Optimum, EpigenomicsIsNotSlowerThanItsCriticalPath) { expect_good(epigenomics()); }
TEST(Optimum, DenseLayersAreNotSlowerThanTheirCriticalPath) { expect_good(dense()); }

// Jobs that look alike: one of `every` takes 5 s.
Workflow mixed(std::uint32_t every, std::uint32_t count = 1000) {
  Workflow flow;
  for (std::uint32_t i = 1; i <= count; ++i) flow.add(i % every == 0 ? 5 : 0.003);
  return flow;
}

TEST(Optimum, LongJobsAmongShortOnesDelayNobody) {
  for (const std::uint32_t every : {10U, 30U, 100U, 300U, 1000U})
    for (const std::uint32_t cpus : {1U, 2U, 8U}) {
      SCOPED_TRACE(fmt::format("every {}, {} CPUs", every, cpus));
      expect_busy_cpus(mixed(every), 2, cpus);
    }
}

TEST(Optimum, LongJobsGoBackOnceWhenShortOnesWereExpected) {
  Workflow flow = mixed(10'000);
  for (int i = 0; i < 1000; ++i) flow.add(100);
  expect_busy_cpus(flow, 4, 8);
  WorkflowPlayer player(flow, 4, 8);
  player.play();
  EXPECT_GT(player.most_ahead(), 8U);
  EXPECT_LE(player.given_back(), 4 * player.most_ahead());
}

}  // namespace
}  // namespace mpibatch::scheduler
