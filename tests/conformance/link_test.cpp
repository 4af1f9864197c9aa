// What every link must do (mpibatch/transport/link.hpp), against a peer at its other end.
#include <mpibatch/transport/link.hpp>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "conformance/peer.hpp"
#include "support/temporary_folder.hpp"

namespace mpibatch::conformance {
namespace {

using transport::kMessageBytesMax;
using transport::kQueuedBytesMax;
using transport::Link;

class LinkConformance : public ::testing::Test {
 protected:
  // What a failed test left under way is passed over.
  void SetUp() override {
    static int tests = 0;
    const std::string mark = fmt::format("sync {}", ++tests);
    ASSERT_TRUE(link().send(mark));
    while (true) {
      const auto message = wait_for_message(link());
      ASSERT_TRUE(message) << "the peer has gone";
      if (message == mark) return;
    }
  }
  Link& link() { return peer_->link(); }

 private:
  std::unique_ptr<LinkWithPeer> peer_ = open_link();
};

TEST_F(LinkConformance, CarriesWholeMessagesOfEverySize) {
  const std::vector<std::size_t> sizes = {0,    1,     3,       4,       255,           4095,
                                          4096, 65535, 1 << 20, 3 << 20, (8 << 20) + 1, 40 << 20};
  ASSERT_TRUE(link().send(fmt::format("echo {}", sizes.size())));
  for (std::size_t i = 0; i < sizes.size(); ++i) ASSERT_TRUE(link().send(content(i, sizes[i])));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto message = wait_for_message(link());
    ASSERT_TRUE(message);
    EXPECT_TRUE(*message == content(i, sizes[i])) << "of " << sizes[i] << " bytes";
  }
}

TEST_F(LinkConformance, KeepsTheOrderOfSmallAndLargeMessages) {
  const auto bytes = [](std::size_t i) { return i % 50 == 0 ? std::size_t{300'000} : i % 64; };
  constexpr std::size_t kCount = 1000;
  ASSERT_TRUE(link().send(fmt::format("echo {}", kCount)));
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_TRUE(link().send(content(i, bytes(i))));
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto message = wait_for_message(link());
    ASSERT_TRUE(message == content(i, bytes(i))) << "message " << i;
  }
}

// Neither side receives before it has sent everything.
TEST_F(LinkConformance, DoesNotDeadlockWhenBothSidesSendFirst) {
  constexpr std::size_t kCount = 5000;
  constexpr std::size_t kBytes = 3000;
  ASSERT_TRUE(link().send(fmt::format("send {} {}", kCount, kBytes)));
  ASSERT_TRUE(link().send(fmt::format("take {} {}", kCount, kBytes)));
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_TRUE(link().send(content(i, kBytes)));
  for (std::size_t i = 0; i < kCount; ++i)
    ASSERT_TRUE(wait_for_message(link()) == content(i, kBytes)) << "message " << i;
  EXPECT_EQ(wait_for_message(link()), "good");
}

TEST_F(LinkConformance, DoesNotDeadlockWhenBothSidesSendLargeMessagesFirst) {
  constexpr std::size_t kCount = 4;
  constexpr std::size_t kBytes = 12 << 20;
  ASSERT_TRUE(link().send(fmt::format("send {} {}", kCount, kBytes)));
  ASSERT_TRUE(link().send(fmt::format("take {} {}", kCount, kBytes)));
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_TRUE(link().send(content(i, kBytes)));
  for (std::size_t i = 0; i < kCount; ++i)
    ASSERT_TRUE(wait_for_message(link()) == content(i, kBytes)) << "message " << i;
  EXPECT_EQ(wait_for_message(link()), "good");
}

TEST_F(LinkConformance, RefusesAMessageOverTheLimitAndGoesOn) {
  const auto sent = link().send(std::string(kMessageBytesMax + 1, 'x'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::Usage);
  ASSERT_TRUE(link().send("sync after"));
  EXPECT_EQ(wait_for_message(link()), "sync after");
}

TEST_F(LinkConformance, SaysBusyAtItsBoundAndLosesNothingOfWhatItTook) {
  constexpr std::size_t kBytes = 20 << 20;
  constexpr std::size_t kFit = kQueuedBytesMax / kBytes;
  const mpibatch::testing::TemporaryFolder folder;
  const std::string gate = folder / "gate";
  std::ofstream(gate).close();
  ASSERT_TRUE(link().send("hold " + gate));
  ASSERT_TRUE(link().send(fmt::format("take {} {}", kFit + 1, kBytes)));
  for (std::size_t i = 0; i < kFit; ++i) ASSERT_TRUE(link().send(content(i, kBytes)));
  EXPECT_GT(link().queued_bytes(), kQueuedBytesMax - kBytes - (1 << 20));
  EXPECT_LE(link().queued_bytes(), kQueuedBytesMax);
  const auto sent = link().send(content(kFit, kBytes));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::Busy);
  std::filesystem::remove(gate);
  wait_until_sent(link());
  ASSERT_TRUE(link().send(content(kFit, kBytes)));
  EXPECT_EQ(wait_for_message(link()), "good");
}

// No time-out of the poll may be needed: the descriptor itself tells of the answer.
TEST_F(LinkConformance, WakesAPollOnItsDescriptor) {
  using std::chrono::steady_clock;
  std::vector<double> round_trips;
  for (int i = 0; i < 200; ++i) {
    link().progress();
    ASSERT_FALSE(link().receive());
    const auto begin = steady_clock::now();
    ASSERT_TRUE(link().send("sync wake"));
    wait_until_sent(link());
    std::optional<std::string> answer;
    while (!(answer = link().receive())) {
      // A doorbell may be a step ahead of its message: then, and only then, the link asks for a
      // short wait.
      const int told = link().wait_ms_max();
      const bool soon = told == 0 || told == 1;
      pollfd ready{link().descriptor(), POLLIN, 0};
      ASSERT_TRUE(::poll(&ready, 1, soon ? told : 20'000) == 1 || soon) << "nothing rang";
      link().progress();
    }
    EXPECT_EQ(answer, "sync wake");
    round_trips.push_back(
        std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
  }
  std::sort(round_trips.begin(), round_trips.end());
  RecordProperty("round_trip_ms_median", fmt::format("{:.3f}", round_trips[100]));
  std::printf("round trip: median %.3f ms, 95%% %.3f ms\n", round_trips[100], round_trips[190]);
}

}  // namespace
}  // namespace mpibatch::conformance
