#include "bench/core_run.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <fmt/format.h>

#include <mpibatch/base/check.hpp>
#include "bench/memory.hpp"

namespace mpibatch::bench {

namespace {

constexpr auto kTask = std::chrono::seconds(1);

model::InstanceId instance_of(std::uint32_t node) { return {node + std::uint64_t{1}}; }

}  // namespace

CoreRun::CoreRun(model::PlanAdopted plan, const ClusterSize& cluster, Witness witness)
    : witness_(std::move(witness)), cpus_(cluster.cpus) {
  const model::Fact began{model::EpochBegan{model::Epoch{1}, "h", "b", {}, now_}};
  MPIBATCH_CHECK(core_.apply(began).has_value());
  this->witness(began);
  {
    const model::Fact fact{std::move(plan)};
    this->witness(fact);
    forget_peak();
    const std::uint64_t before = status_bytes("VmRSS");
    adoption_.run([&] { MPIBATCH_CHECK(core_.apply(fact).has_value()); });
    adoption_peak_ = status_bytes("VmHWM") - std::min(before, status_bytes("VmHWM"));
  }
  nodes_.resize(cluster.nodes);
  for (std::uint32_t node = 0; node < cluster.nodes; ++node) {
    nodes_[node].free = cluster.cpus;
    happen(scheduler::NodeHello{
        {fmt::format("node{}", node), 0}, instance_of(node), "b", {cluster.cpus, 0, 0}, {}});
  }
}

void CoreRun::happen(const scheduler::Event& event) {
  for (const model::Fact& fact : core_.on(event, now_)) {
    MPIBATCH_CHECK(core_.apply(fact).has_value());
    witness(fact);
  }
}

void CoreRun::take(const std::vector<model::Fact>& facts) {
  for (const model::Fact& fact : facts) {
    witness(fact);
    if (const auto* granted = std::get_if<model::Granted>(&fact))
      for (const model::Range& range : granted->children)
        nodes_[model::number_of(granted->node)].backlog.push_back(
            {granted->grant, granted->job, range});
  }
}

void CoreRun::start(std::uint32_t number, std::vector<scheduler::Event>& events) {
  Node& node = nodes_[number];
  while (node.free > 0 && !node.backlog.empty()) {
    Piece& first = node.backlog.front();
    Piece begun = first;
    begun.children.end = std::min(begun.children.end, begun.children.begin + node.free);
    node.free -= begun.children.size();
    first.children.begin = begun.children.end;
    events.emplace_back(scheduler::ChildrenStarted{
        model::NodeId{number}, instance_of(number), begun.grant, {begun.children}});
    node.running.push_back(begun);
    if (first.children.size() == 0) node.backlog.pop_front();
  }
}

void CoreRun::end(scheduler::AttemptsEnded& event, const Piece& piece) {
  for (model::ChildIndex child = piece.children.begin; child < piece.children.end; ++child) {
    auto& one = event.ends.emplace_back();
    one.execution = {piece.job, child, piece.grant};
    one.end.usage.wall = kTask;
    if (fail_every_ > 0 && ended_ % fail_every_ == fail_every_ - 1) one.end.code = 1;
    ++ended_;
  }
}

void CoreRun::start_everywhere() {
  std::vector<model::Fact> facts;
  watch_.run([&] { facts = core_.decide(now_); });
  take(facts);
  std::vector<scheduler::Event> events;
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) start(node, events);
  watch_.run([&] {
    for (const scheduler::Event& event : events) happen(event);
  });
}

void CoreRun::play_in_rounds() {
  while (true) {
    start_everywhere();
    if (core_.finished()) return;
    now_ += kTask;
    std::vector<scheduler::Event> events;
    for (std::uint32_t number = 0; number < nodes_.size(); ++number) {
      Node& node = nodes_[number];
      if (node.running.empty()) continue;
      scheduler::AttemptsEnded event{model::NodeId{number}, instance_of(number), {}};
      for (const Piece& piece : node.running) end(event, piece);
      node.running.clear();
      node.free = cpus_;
      // The slots are free at once for what was sent ahead.
      events.emplace_back(std::move(event));
      start(number, events);
    }
    MPIBATCH_CHECK(!events.empty());
    watch_.run([&] {
      for (const scheduler::Event& event : events) happen(event);
    });
  }
}

void CoreRun::play_one_by_one() {
  struct One {
    std::uint32_t node = 0;
    Piece piece;
  };
  std::vector<One> running;
  std::mt19937_64 random(1);
  const auto gather = [&](std::uint32_t number) {
    for (const Piece& piece : nodes_[number].running)
      for (model::ChildIndex child = piece.children.begin; child < piece.children.end; ++child)
        running.push_back({number, {piece.grant, piece.job, {child, child + 1}}});
    nodes_[number].running.clear();
  };
  start_everywhere();
  for (std::uint32_t number = 0; number < nodes_.size(); ++number) gather(number);
  while (!core_.finished()) {
    MPIBATCH_CHECK(!running.empty());
    std::swap(running[random() % running.size()], running.back());
    const One one = running.back();
    running.pop_back();
    now_ += std::chrono::milliseconds(1);
    std::vector<scheduler::Event> events;
    scheduler::AttemptsEnded event{model::NodeId{one.node}, instance_of(one.node), {}};
    end(event, one.piece);
    ++nodes_[one.node].free;
    events.emplace_back(std::move(event));
    start(one.node, events);
    std::vector<model::Fact> facts;
    watch_.run([&] {
      for (const scheduler::Event& each : events) happen(each);
      facts = core_.decide(now_);
    });
    gather(one.node);
    if (facts.empty()) continue;
    take(facts);
    events.clear();
    for (const model::Fact& fact : facts)
      if (const auto* granted = std::get_if<model::Granted>(&fact)) {
        const std::uint32_t number = model::number_of(granted->node);
        start(number, events);
        gather(number);
      }
    watch_.run([&] {
      for (const scheduler::Event& each : events) happen(each);
    });
  }
}

void CoreRun::forget_nodes() { std::vector<Node>().swap(nodes_); }

}  // namespace mpibatch::bench
