#include <mpibatch/node/starter.hpp>

#include <gtest/gtest.h>

#include <mpibatch/base/host.hpp>
#include <mpibatch/node/agent.hpp>
#include <mpibatch/node/starter_port.hpp>
#include <mpibatch/transport/unix_socket.hpp>

#include "node/node_folder.hpp"
#include "unit/node/starter_fixture.hpp"

namespace mpibatch::node {
namespace {

// This test program stands in for `mpibatch`: started with a starter's words it is one.
[[maybe_unused]] const bool kWasStarter = [] {
  const auto words = PosixFileSystem().read("/proc/self/cmdline", 0, UINT64_MAX);
  std::vector<std::string> argv;
  for (std::size_t at = 0; words && at < words->size();) {
    argv.emplace_back(words->c_str() + at);
    at += argv.back().size() + 1;
  }
  if (argv.size() < 12 || argv[1] != "starter") return false;
  StarterOptions options;
  options.run = argv[3];
  options.state_folder = argv[5];
  options.share = static_cast<std::uint32_t>(std::stoul(argv[7]));
  options.shares = static_cast<std::uint32_t>(std::stoul(argv[9]));
  options.lease = std::chrono::milliseconds{std::stol(argv[11])};
  options.cpus_per_node = 4;
  ::_exit(run_starter(options));
}();

TEST_F(StarterProcess, WorksSyncsItsSegmentAndLeavesNothing) {
  connect();
  attach();
  ASSERT_TRUE(hello_);
  EXPECT_EQ(hello_->name, (model::NodeName{host_name(), 0}));
  EXPECT_EQ(hello_->capacity.vcpus, 4U);
  EXPECT_EQ(hello_->predecessor, model::Predecessor::None);  // nobody was here before
  grant(1, "echo hello; exit 7");
  ASSERT_TRUE(until([&] { return !ends_.empty(); }));
  EXPECT_EQ(started_, 1U);
  EXPECT_EQ(ends_[0].end.code, 7);
  // The end printed something: its segment is synced before it is sent.
  std::string printed;
  bool end_recorded = false;
  for (const store::SegmentRecord& record : records()) {
    if (const auto* chunk = std::get_if<store::OutputChunk>(&record)) printed += chunk->bytes;
    end_recorded |= std::holds_alternative<store::AttemptEnded>(record);
  }
  EXPECT_EQ(printed, "hello\n");
  EXPECT_TRUE(end_recorded);
  say({protocol::Acknowledged{1}, protocol::Leave{true}});
  EXPECT_TRUE(until([&] { return link_->closed(); }));
  int status = 0;
  ::waitpid(-1, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kStarterLeft);
  EXPECT_FALSE(std::filesystem::exists(*node_folder(run_, 0)));
}

TEST_F(StarterProcess, RefusesAFolderThatIsNotShared) {
  folder_.write("state/nonce", "another");
  connect();
  attach();
  ASSERT_TRUE(refused_);
  EXPECT_NE(refused_->reason.find("is not shared with node " + host_name()), std::string::npos);
  EXPECT_NE(refused_->reason.find(state_.path), std::string::npos);
}

TEST_F(StarterProcess, RefusesAnotherRun) {
  connect();
  protocol::Attach other = attach_frame();
  other.run = std::string(32, 'f');
  say({other});
  ASSERT_TRUE(until([&] { return refused_.has_value(); }));
}

TEST_F(StarterProcess, OutlivesRankZeroAndIsTakenUpAgain) {
  connect();
  attach();
  grant(1, "echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; echo done; exit 3");
  ASSERT_TRUE(until([&] { return started_ == 1; }));
  const model::InstanceId before = hello_->instance;
  link_.reset();
  folder_.write("go", "");
  std::this_thread::yield();
  epoch_ = 2;
  connect();
  attach();
  ASSERT_TRUE(hello_);
  EXPECT_EQ(hello_->instance, before);
  ASSERT_EQ(hello_->inventory.size(), 1U);
  ASSERT_TRUE(until([&] { return !ends_.empty(); }));
  EXPECT_EQ(ends_[0].end.code, 3);
  EXPECT_EQ(ends_[0].number, 1U);
  // A rank 0 of an older epoch neither gets an answer nor takes the link away.
  auto old = connect_or_launch(launch_);
  ASSERT_TRUE(old);
  ASSERT_TRUE(
      (*old)->send(protocol::encode(protocol::DownMessage{model::Epoch{1}, {}, {attach_frame()}})));
  ASSERT_TRUE(until([&] {
    (*old)->progress();
    EXPECT_FALSE((*old)->receive());
    return (*old)->closed();
  }));
  grant(2, "exit 0");
  EXPECT_TRUE(until([&] { return ends_.size() == 2; }));
}

TEST_F(StarterProcess, ASecondOneFindsTheFirst) {
  connect();
  const auto second = launch_starter(launch_);
  ASSERT_TRUE(second);
  int status = 0;
  ASSERT_EQ(::waitpid(*second, &status, 0), *second);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kStarterIsThere);
}

TEST_F(StarterProcess, AKilledOnesAttemptsAreGoneBeforeTheNextSpeaks) {
  connect();
  attach();
  grant(1, "setsid sleep 1000 & trap '' TERM; echo x > there; sleep 1000");
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder_.path("there")); }));
  const model::InstanceId before = hello_->instance;
  // Waited for: until its last thread is gone, its socket still takes connections.
  for (const pid_t pid : starters()) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  connect();
  attach();
  ASSERT_TRUE(hello_);
  EXPECT_TRUE(all_gone());
  EXPECT_NE(hello_->instance, before);
  EXPECT_EQ(hello_->predecessor, model::Predecessor::None);
}

TEST_F(StarterProcess, TimesOutWithTermGraceAndKill) {
  connect();
  attach();
  grant(1, "trap 'echo got TERM' TERM; echo ready; while :; do sleep 0.05; done", 100ms);
  ASSERT_TRUE(until([&] { return !ends_.empty(); }));
  EXPECT_EQ(ends_[0].end.kind, model::EndKind::TimedOut);
  EXPECT_EQ(ends_[0].end.code, 128 + SIGKILL);
  EXPECT_GE(ends_[0].end.usage.wall, 300ms);
  EXPECT_TRUE(all_gone());
}

TEST_F(StarterProcess, AtTheLapseNothingLivesOn) {
  launch_.starter.lease = 3s;
  connect();
  attach();
  grant(1, "setsid sleep 1000 & echo x > there; sleep 1000");
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder_.path("there")); }));
  ASSERT_TRUE(until([&] { return link_->closed(); }));  // renewals were asked for, none came
  EXPECT_TRUE(all_gone());
  EXPECT_TRUE(until([&] { return starters().empty(); }));
  bool stopped = false;
  for (const store::SegmentRecord& record : records())
    if (const auto* ended = std::get_if<store::AttemptEnded>(&record))
      stopped = ended->end.kind == model::EndKind::Stopped;
  EXPECT_TRUE(stopped);
}

TEST_F(StarterProcess, LeavesWhenTheFolderHoldsAnotherRun) {
  connect();
  attach();
  grant(1, "echo x > there; sleep 1000");
  ASSERT_TRUE(until([&] { return std::filesystem::exists(folder_.path("there")); }));
  std::filesystem::rename(state_.path, folder_.path("aside"));
  EXPECT_TRUE(until([&] { return link_->closed(); }));
  EXPECT_TRUE(all_gone());
}

TEST_F(StarterProcess, AnAgentRelaysAndReplacesADeadStarter) {
  auto [rank_0, agents_end] = transport::make_unix_pair();
  const pid_t agent = ::fork();
  if (agent == 0) {
    rank_0.reset();
    ::_exit(run_agent(launch_, *agents_end));
  }
  agents_end.reset();
  link_ = std::move(rank_0);
  attach();
  ASSERT_TRUE(hello_);
  grant(1, "echo through the agent");
  ASSERT_TRUE(until([&] { return !ends_.empty(); }));

  const model::InstanceId before = hello_->instance;
  for (const pid_t pid : starters()) ::kill(pid, SIGKILL);
  // Attached with what rank 0 had said before.
  ASSERT_TRUE(until([&] { return hello_->instance != before; }));
  grant(2, "exit 0");
  ASSERT_TRUE(until([&] { return ends_.size() == 2; }));
  say({protocol::Acknowledged{1}, protocol::Leave{true}});
  int status = 0;
  ASSERT_EQ(::waitpid(agent, &status, 0), agent);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(until([&] { return starters().empty(); }));
}

TEST_F(StarterProcess, APortReplacesASilentStarter) {
  launch_.starter.lease = 2s;
  const SystemClock clock;
  StarterPort port(launch_, true);
  const auto turn = [&] {
    port.step(clock.boot());
    if (port.link()) {
      port.link()->progress();
      while (port.link()->receive()) {
      }
    }
    return port.links_made();
  };
  ASSERT_TRUE(until([&] { return turn() == 1; }));
  ASSERT_TRUE(port.link()->send(
      protocol::encode(protocol::DownMessage{model::Epoch{1}, {}, {attach_frame()}})));
  const std::vector<pid_t> first = starters();
  ASSERT_EQ(first.size(), 1U);
  ::kill(first[0], SIGSTOP);
  ASSERT_TRUE(until([&] {
    const std::vector<pid_t> now = starters();
    return turn() > 1 && now.size() == 1 && now != first;
  }));
}

TEST_F(StarterProcess, APortSaysWhatStopsEachStarter) {
  launch_.starter.shares = 0;  // no such share
  const SystemClock clock;
  StarterPort port(launch_, true);
  ASSERT_TRUE(until([&] {
    port.step(clock.boot());
    if (port.link()) port.link()->progress();
    return !port.failure().empty();
  }));
  EXPECT_NE(port.failure().find("cannot work: "), std::string::npos);
  EXPECT_GT(port.failure().size(), port.failure().find("cannot work: ") + 20);
}

TEST_F(StarterProcess, APortSaysWhyNoStarterCanBeStarted) {
  launch_.executable = "/no/such/mpibatch";
  const SystemClock clock;
  StarterPort port(launch_, true);
  ASSERT_TRUE(until([&] {
    port.step(clock.boot());
    return !port.failure().empty();
  }));
  EXPECT_NE(port.failure().find("/no/such/mpibatch"), std::string::npos);
}

}  // namespace
}  // namespace mpibatch::node
