#include "server/outbox.hpp"

#include <gtest/gtest.h>

namespace mpibatch::server {
namespace {

using protocol::Acknowledged;

constexpr model::Epoch kEpoch{3};
constexpr LinkId kA{1};
constexpr LinkId kB{2};
const model::InstanceId kInstance{7};

// "1:4 5 2:6": link 1 is sent one message with 4 and 5, link 2 one with 6.
std::string text_of(const std::vector<SendDown>& messages) {
  std::string text;
  for (const SendDown& message : messages) {
    text += std::to_string(static_cast<unsigned>(message.link)) + ":";
    for (const protocol::DownFrame& frame : message.message.frames)
      text += std::to_string(std::get<Acknowledged>(frame).upto) + " ";
  }
  return text;
}

void push(Outbox& outbox, std::uint64_t after, LinkId link, std::uint64_t frame) {
  outbox.push(after, link, kInstance, Acknowledged{frame});
}

TEST(Outbox, HoldsAFrameUntilItsFactsAreCommitted) {
  Outbox outbox;
  push(outbox, 2, kA, 1);
  push(outbox, 3, kA, 2);
  outbox.committed(1);
  EXPECT_EQ(text_of(outbox.take(kEpoch)), "");
  EXPECT_FALSE(outbox.empty());
  outbox.committed(2);
  EXPECT_EQ(text_of(outbox.take(kEpoch)), "1:1 ");
  outbox.committed(9);
  EXPECT_EQ(text_of(outbox.take(kEpoch)), "1:2 ");
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, PutsNeighboursForOneLinkIntoOneMessage) {
  Outbox outbox;
  for (const auto& [link, frame] : {std::pair{kA, 1}, {kA, 2}, {kB, 3}, {kA, 4}})
    push(outbox, 0, link, static_cast<std::uint64_t>(frame));
  outbox.committed(0);
  const auto messages = outbox.take(kEpoch);
  EXPECT_EQ(text_of(messages), "1:1 2 2:3 1:4 ");
  EXPECT_EQ(messages[0].message.epoch, kEpoch);
  EXPECT_EQ(messages[0].message.instance, kInstance);
}

TEST(Outbox, NeverMixesInstancesInAMessage) {
  Outbox outbox;
  outbox.push_now(kA, {}, Acknowledged{1});
  outbox.push_now(kA, kInstance, Acknowledged{2});
  EXPECT_EQ(text_of(outbox.take(kEpoch)), "1:1 1:2 ");
}

TEST(Outbox, LetsWhatDependsOnNothingGoAhead) {
  Outbox outbox;
  push(outbox, 1, kA, 1);
  outbox.push_now(kA, kInstance, Acknowledged{2});
  EXPECT_EQ(text_of(outbox.take(kEpoch)), "1:2 ");
  outbox.committed(1);
  EXPECT_EQ(text_of(outbox.take(kEpoch)), "1:1 ");
}

TEST(Outbox, ForgetsABrokenLink) {
  Outbox outbox;
  push(outbox, 1, kA, 1);
  push(outbox, 1, kB, 2);
  outbox.push_now(kA, kInstance, Acknowledged{3});
  outbox.drop(kA);
  outbox.committed(1);
  EXPECT_EQ(text_of(outbox.take(kEpoch)), "2:2 ");
}

TEST(Outbox, NamesTheGrantsThatNeverLeave) {
  Outbox outbox;
  const auto grant = [](std::uint32_t number) {
    return protocol::Grant{{kEpoch, number}, {}, {}, {{0, 1}}, {}, {}, {}, {}, {}};
  };
  outbox.push(1, kA, kInstance, grant(1));
  outbox.push(2, kA, kInstance, grant(2));
  push(outbox, 2, kA, 3);
  outbox.committed(1);
  EXPECT_EQ(outbox.drop_waiting(), (std::set<model::GrantId>{{kEpoch, 2}}));
  EXPECT_EQ(outbox.take(kEpoch).size(), 1U);
  EXPECT_TRUE(outbox.empty());
}

}  // namespace
}  // namespace mpibatch::server
