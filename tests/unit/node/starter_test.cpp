// The starter as a process, with this test as rank 0.
#include <mpibatch/node/starter.hpp>

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/host.hpp>
#include <mpibatch/base/random.hpp>
#include <mpibatch/node/agent.hpp>
#include <mpibatch/node/launch.hpp>
#include <mpibatch/node/starter_port.hpp>
#include <mpibatch/protocol/codec.hpp>
#include <mpibatch/store/owner.hpp>
#include <mpibatch/store/segment.hpp>
#include <mpibatch/transport/unix_socket.hpp>

#include "node/environment.hpp"
#include "node/node_folder.hpp"
#include "node/proc.hpp"
#include "unit/node/test_folder.hpp"

namespace mpibatch::node {
namespace {

using namespace std::chrono_literals;

// This test program stands in for `mpibatch`: started with a starter's words it is one.
const bool kWasStarter = [] {
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

class StarterProcess : public testing::Test {
 protected:
  StarterProcess() {
    EXPECT_FALSE(kWasStarter);
    ::setenv("MPIBATCH_RUNTIME_DIR", folder_.path().c_str(), 1);
    std::filesystem::create_directories(state_.path);
    folder_.write("state/nonce", "the nonce");
    store::OwnerRecord owner;
    owner.run = run_;
    EXPECT_TRUE(store::claim(files_, state_, owner));
    launch_.executable = std::filesystem::read_symlink("/proc/self/exe").string();
    launch_.starter.run = run_;
    launch_.starter.state_folder = state_.path;
    launch_.starter.cpus_per_node = 4;
  }
  ~StarterProcess() override {
    link_.reset();
    for (const pid_t pid : starters()) ::kill(pid, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    kill_by_token(token_prefix(run_, 0));
    ::unsetenv("MPIBATCH_RUNTIME_DIR");
  }

  std::vector<pid_t> starters() const {
    std::vector<pid_t> found;
    for (const int pid : all_processes()) {
      const auto words = files_.read("/proc/" + std::to_string(pid) + "/cmdline", 0, UINT64_MAX);
      const auto info = read_process(pid);
      if (words && words->find(run_) != std::string::npos && info && !info->ended())
        found.push_back(pid);
    }
    return found;
  }
  template <class Condition>
  bool until(Condition condition) {
    const SystemClock clock;
    const Duration end = clock.awake() + 30s;
    while (!condition()) {
      if (clock.awake() > end) return false;
      if (!link_) {
        std::this_thread::sleep_for(1ms);
        continue;
      }
      pollfd fd{link_->descriptor(), POLLIN, 0};
      ::poll(&fd, 1, 20);
      hear();
    }
    return true;
  }
  void hear() {
    link_->progress();
    while (auto bytes = link_->receive()) {
      const auto message = protocol::decode_up(*bytes);
      ASSERT_TRUE(message) << message.error().message;
      for (const protocol::UpFrame& frame : message->frames) {
        if (const auto* hello = std::get_if<protocol::Hello>(&frame)) hello_ = *hello;
        if (const auto* refused = std::get_if<protocol::Refused>(&frame)) refused_ = *refused;
        if (const auto* ends = std::get_if<protocol::Ends>(&frame))
          ends_.insert(ends_.end(), ends->ends.begin(), ends->ends.end());
        if (const auto* started = std::get_if<protocol::Started>(&frame))
          for (const auto& [grant, children] : started->children)
            started_ += model::count(children);
      }
    }
  }
  void connect() {
    auto link = connect_or_launch(launch_);
    ASSERT_TRUE(link) << link.error().message;
    link_ = std::move(*link);
  }
  void say(std::vector<protocol::DownFrame> frames) {
    const model::InstanceId instance = hello_ ? hello_->instance : model::InstanceId{};
    ASSERT_TRUE(link_->send(protocol::encode(
        protocol::DownMessage{model::Epoch{epoch_}, instance, std::move(frames)})));
  }
  protocol::Attach attach_frame() const {
    protocol::Attach attach;
    attach.run = run_;
    attach.state_folder = state_.path;
    attach.nonce = "the nonce";
    attach.lease = launch_.starter.lease;
    attach.grace = 200ms;
    attach.surroundings.environment = {{"PATH", "/usr/bin:/bin"}, {"TMPDIR", folder_.path()}};
    attach.surroundings.working_directory = folder_.path();
    return attach;
  }
  void attach() {
    hello_.reset();
    say({attach_frame()});
    ASSERT_TRUE(until([&] { return hello_.has_value() || refused_.has_value(); }));
  }
  void grant(std::uint32_t number, const std::string& script, Duration timeout = 0s) {
    model::JobTemplate job;
    job.job = model::JobId{number};
    job.revision = model::Revision{1};
    job.name = "job" + std::to_string(number);
    job.command = {"bash", "-c", script};
    job.timeout = timeout;
    job.resources = {1, 0};
    say({protocol::Templates{{job}},
         protocol::Grant{{model::Epoch{epoch_}, number}, job.job, job.revision, {{0, 1}}, {}, {}}});
  }
  std::vector<store::SegmentRecord> records() const {
    std::vector<store::SegmentRecord> all;
    const auto paths = store::list_segments(files_, state_);
    for (const std::string& path : paths.value_or(std::vector<std::string>{})) {
      store::SegmentPosition position;
      EXPECT_TRUE(store::read_segment(
          files_, path, position, [&](const store::SegmentRecord& one) { all.push_back(one); }));
    }
    return all;
  }
  bool all_gone() const {
    for (const int pid : all_processes()) {
      const auto token = token_of_process(pid);
      const auto info = read_process(pid);
      if (token && token->starts_with(token_prefix(run_, 0)) && info && !info->ended())
        return false;
    }
    return true;
  }

  const std::string run_ = random_hex(32);
  TestFolder folder_;
  PosixFileSystem files_;
  store::StateFolder state_{folder_.path("state")};
  LaunchOptions launch_;
  std::unique_ptr<transport::Link> link_;
  std::uint32_t epoch_ = 1;
  std::optional<protocol::Hello> hello_;
  std::optional<protocol::Refused> refused_;
  std::vector<protocol::EndNotice> ends_;
  std::uint64_t started_ = 0;
};

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
  say({protocol::Acknowledged{1}, protocol::Leave{}});
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
  for (const pid_t pid : starters()) ::kill(pid, SIGKILL);
  ASSERT_TRUE(until([&] { return link_->closed(); }));
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
  launch_.starter.lease = 500ms;
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
  say({protocol::Acknowledged{1}, protocol::Leave{}});
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
