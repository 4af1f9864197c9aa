#include "bench/cluster_run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/layout.hpp>
#include <mpibatch/protocol/codec.hpp>
#include "bench/plans.hpp"

namespace mpibatch::bench {

namespace {

constexpr Duration kClusterTask = std::chrono::seconds(1);
constexpr std::uint32_t kWarmUpSeconds = 2;
// Nodes report in turns; rank 0 handles and commits so many turns one by one in the time in which
// every node reports once.
constexpr std::uint32_t kSlices = 25;
constexpr model::Epoch kEpoch{1};

model::InstanceId instance_at(std::uint32_t node) { return {node + std::uint64_t{1}}; }

}  // namespace

class ClusterRun::Work final : public server::WorkSource {
 public:
  explicit Work(const model::JobSpec& spec) {
    job_.spec = spec;
    job_.execution.name = spec.name;
    job_.execution.array = true;
    job_.execution.size = spec.size;
    job_.execution.command = {"true"};
  }
  const model::PlannedJob& job(model::JobId) const override { return job_; }

 private:
  model::PlannedJob job_;
};

ClusterRun::ClusterRun(const ClusterSize& cluster, Duration report_every, std::uint32_t seconds)
    : cluster_(cluster), report_every_(report_every), seconds_(seconds), nodes_(cluster.nodes) {
  // What is granted ahead, and a rest, so that there is work to the end.
  const std::uint64_t slots = std::uint64_t{cluster.nodes} * cluster.cpus;
  const model::PlanAdopted plan =
      array_plan(static_cast<model::ChildIndex>(slots * (kWarmUpSeconds + seconds + 2)));
  work_ = std::make_unique<Work>(plan.jobs[0].spec);
  scheduler::Scheduler core;
  MPIBATCH_CHECK(core.apply(model::EpochBegan{kEpoch, "h", "b", {}, now_}).has_value());
  MPIBATCH_CHECK(core.apply(plan).has_value());
  server::CoordinatorSettings settings;
  settings.run = "bench";
  settings.epoch = kEpoch;
  settings.lease = std::chrono::hours(1000);
  settings.nodes_expected = cluster.nodes;
  settings.claimed_at = now_;
  coordinator_ = std::make_unique<server::Coordinator>(settings, std::move(core), *work_);
  for (Node& node : nodes_) node.idle = cluster.cpus;
}

ClusterRun::~ClusterRun() = default;

void ClusterRun::begin(Node& node, Instant at) {
  while (node.idle > 0 && !node.backlog.empty()) {
    Piece& first = node.backlog.front();
    const model::ChildIndex child = first.children.begin++;
    Duration takes = kClusterTask;
    if (node.begun < cluster_.cpus) takes = kClusterTask * ++node.begun / cluster_.cpus;
    node.running.push_back({at + takes, first.grant, first.job, child});
    --node.idle;
    if (node.started.empty() || node.started.back().first != first.grant)
      node.started.push_back({first.grant, {}});
    model::Ranges& ranges = node.started.back().second;
    if (ranges.empty() || ranges.back().end != child)
      ranges.push_back({child, child + 1});
    else
      ++ranges.back().end;
    if (first.children.size() == 0) node.backlog.pop_front();
  }
}

void ClusterRun::advance(Node& node) {
  while (!node.running.empty() && node.running.front().end <= now_) {
    const Running done = node.running.front();
    node.running.pop_front();
    protocol::EndNotice& notice = node.ended.ends.emplace_back();
    notice.number = ++node.ends;
    notice.execution = {done.job, done.child, done.grant};
    notice.end.started_at = done.end - kClusterTask;
    notice.end.stopped_at = done.end;
    notice.end.usage.wall = kClusterTask;
    ++node.idle;
    begin(node, done.end);
  }
}

void ClusterRun::send_up(std::uint32_t number, const protocol::UpMessage& message) {
  const std::string bytes = protocol::encode(message);
  ++result_.messages;
  ::mpibatch::Result<protocol::UpMessage> decoded;
  codec_.run([&] { decoded = protocol::decode_up(bytes); });
  MPIBATCH_CHECK(decoded.has_value());
  handling_.run([&] { coordinator_->receive(server::LinkId{number}, *decoded, now_); });
}

void ClusterRun::say(std::uint32_t number, protocol::UpFrame frame) {
  protocol::UpMessage message{kEpoch, instance_at(number), {}};
  message.frames.push_back(std::move(frame));
  send_up(number, message);
}

void ClusterRun::report(std::uint32_t number) {
  Node& node = nodes_[number];
  advance(node);
  protocol::UpMessage message{kEpoch, instance_at(number), {}};
  if (!node.started.empty()) message.frames.push_back(protocol::Started{std::move(node.started)});
  result_.ends += node.ended.ends.size();
  if (!node.ended.ends.empty()) message.frames.push_back(std::move(node.ended));
  node.started.clear();
  node.ended = {};
  if (!message.frames.empty()) send_up(number, message);
}

void ClusterRun::deliver(const server::SendDown& command) {
  codec_.run([&] { (void)protocol::encode(command.message); });
  const auto number = static_cast<std::uint32_t>(command.link);
  Node& node = nodes_[number];
  for (const protocol::DownFrame& frame : command.message.frames) {
    if (const auto* attach = std::get_if<protocol::Attach>(&frame)) {
      protocol::Hello hello;
      hello.name = {fmt::format("node{}", number), 0};
      hello.instance = instance_at(number);
      hello.boot_id = "b";
      hello.capacity = {cluster_.cpus, 0, 0};
      hello.predecessor = model::Predecessor::None;
      hello.answers = attach->number;
      say(number, std::move(hello));
    } else if (const auto* grant = std::get_if<protocol::Grant>(&frame)) {
      for (const model::Range& range : grant->children)
        node.backlog.push_back({grant->id, grant->job, range});
    }
  }
  begin(node, now_);
}

void ClusterRun::settle() {
  while (true) {
    std::vector<model::Fact> facts;
    handling_.run([&] { facts = coordinator_->take_facts(); });
    facts_ += facts.size();
    journal_.run([&] {
      for (const model::Fact& fact : facts) (void)to_layout(fact);
    });
    std::vector<server::Command> commands;
    handling_.run([&] {
      if (!facts.empty()) coordinator_->committed(facts_, now_);
      commands = coordinator_->take_commands();
    });
    if (commands.empty() && facts.empty()) return;
    for (const server::Command& command : commands)
      if (const auto* send = std::get_if<server::SendDown>(&command)) deliver(*send);
  }
}

void ClusterRun::step(std::uint32_t slice) {
  now_ += report_every_ / kSlices;
  for (std::uint32_t node = slice; node < cluster_.nodes; node += kSlices) report(node);
  if (const auto wake = coordinator_->wake_at(); wake && *wake <= now_)
    handling_.run([&] { coordinator_->tick(now_); });
  settle();
}

void ClusterRun::play() {
  for (std::uint32_t node = 0; node < cluster_.nodes; ++node)
    coordinator_->link_opened(server::LinkId{node}, server::NodeUse::Work, now_);
  settle();
  const Instant warm = now_ + std::chrono::seconds(kWarmUpSeconds);
  std::uint32_t slice = 0;
  for (; now_ < warm; slice = (slice + 1) % kSlices) step(slice);
  const Result before{codec_.seconds(),
                      handling_.seconds(),
                      journal_.seconds(),
                      result_.ends,
                      result_.messages,
                      0,
                      0};
  const Instant measured_from = now_;
  for (; now_ < warm + std::chrono::seconds(seconds_); slice = (slice + 1) % kSlices) step(slice);
  result_.codec_s = codec_.seconds() - before.codec_s;
  result_.coordinator_s = handling_.seconds() - before.coordinator_s;
  result_.journal_s = journal_.seconds() - before.journal_s;
  result_.ends -= before.ends;
  result_.messages -= before.messages;
  result_.virtual_s = std::chrono::duration<double>(now_ - measured_from).count();
  result_.utilisation =
      static_cast<double>(result_.ends) / (result_.virtual_s * cluster_.nodes * cluster_.cpus);
}

}  // namespace mpibatch::bench
