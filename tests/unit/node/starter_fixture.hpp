// A starter as a process, started from this very test program, with the test as rank 0.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <thread>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/random.hpp>
#include <mpibatch/node/launch.hpp>
#include <mpibatch/protocol/codec.hpp>
#include <mpibatch/store/owner.hpp>
#include <mpibatch/store/segment.hpp>

#include "node/environment.hpp"
#include "node/proc.hpp"
#include "unit/node/test_folder.hpp"

namespace mpibatch::node {

using namespace std::chrono_literals;

class StarterProcess : public ::testing::Test {
 protected:
  StarterProcess() {
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
    kill_by_token(token_prefix(run_, 0));  // what a failed test left is ours to wait for
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
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
    const Duration end = clock.awake() + 120s;
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
    say({protocol::Templates{{job}}, protocol::Grant{{model::Epoch{epoch_}, number},
                                                     job.job,
                                                     job.revision,
                                                     {{0, 1}},
                                                     {},
                                                     {},
                                                     job.resources,
                                                     {},
                                                     {}}});
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

}  // namespace mpibatch::node
