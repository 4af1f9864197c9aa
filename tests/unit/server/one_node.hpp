// A coordinator with one node of 2 CPUs, driven by hand.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <mpibatch/server/coordinator.hpp>

#include "support/fake_work.hpp"

namespace mpibatch::server {

inline constexpr LinkId kLink{1};
inline const model::InstanceId kStarter{77};

class OneNode : public ::testing::Test {
 protected:
  void begin(testing::PlanBuilder plan) {
    work_ = testing::FakeWork(testing::adopt(std::move(plan)));
    settings_.run = "run";
    settings_.epoch = model::Epoch{1};
    settings_.state_folder = "/state";
    settings_.claimed_at = now_;
    settings_.nonce = "nonce";
    settings_.surroundings.umask = 0027;
    scheduler::Scheduler core;
    ASSERT_TRUE(core.apply(model::EpochBegan{settings_.epoch, "h", "b", {}, {}}));
    ASSERT_TRUE(core.apply(work_.adopted().fact));
    rank0_ = std::make_unique<Coordinator>(settings_, std::move(core), work_);
  }
  void join() {
    rank0_->link_opened(kLink, NodeUse::Work, now_);
    protocol::Hello hello;
    hello.name = {"n1", 0};
    hello.instance = kStarter;
    hello.capacity = {2, 0};
    hello.predecessor = model::Predecessor::None;
    up(hello);
  }
  void up(protocol::UpFrame frame) {
    rank0_->receive(kLink, {settings_.epoch, kStarter, {std::move(frame)}}, now_);
  }
  // All frames that leave once everything is committed.
  std::vector<protocol::DownFrame> down() {
    committed_ += rank0_->take_facts().size();
    rank0_->committed(committed_, now_);
    std::vector<protocol::DownFrame> frames;
    for (Command& command : rank0_->take_commands())
      if (auto* send = std::get_if<SendDown>(&command))
        for (protocol::DownFrame& frame : send->message.frames) frames.push_back(std::move(frame));
    return frames;
  }
  template <class Frame>
  static std::vector<Frame> only(const std::vector<protocol::DownFrame>& frames) {
    std::vector<Frame> found;
    for (const protocol::DownFrame& frame : frames)
      if (const auto* one = std::get_if<Frame>(&frame)) found.push_back(*one);
    return found;
  }

  Instant now_{std::chrono::seconds{1000}};
  CoordinatorSettings settings_;
  testing::FakeWork work_;
  std::unique_ptr<Coordinator> rank0_;
  std::uint64_t committed_ = 0;
};

}  // namespace mpibatch::server
