#include "transport/mpi/doorbell.hpp"

#include <gtest/gtest.h>

namespace mpibatch::transport {
namespace {

constexpr std::uint32_t ip(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}
constexpr std::uint32_t kMask24 = 0xFFFFFF00;
constexpr std::uint32_t kMask16 = 0xFFFF0000;

TEST(RingAddresses, IsLoopbackOnOneMachine) {
  const Card card{"node1", "boot1", 1, {{ip(10, 0, 0, 1), kMask24}}};
  EXPECT_EQ(ring_addresses(card, card), std::vector{ip(127, 0, 0, 1)});
  Card renamed = card;
  renamed.host = "container";
  EXPECT_EQ(ring_addresses(card, renamed), std::vector{ip(127, 0, 0, 1)});
}

TEST(RingAddresses, TakesTwoMachinesOfOneNameForTwo) {
  const Card mine{"localhost", "boot1", 1, {{ip(10, 0, 0, 1), kMask24}}};
  const Card peer{"localhost", "boot2", 1, {{ip(10, 0, 0, 2), kMask24}}};
  EXPECT_EQ(ring_addresses(mine, peer), std::vector{ip(10, 0, 0, 2)});
}

TEST(RingAddresses, PrefersASharedSubnetAndSkipsBridgesThatBothHave) {
  const Card mine{"a", "1", 1, {{ip(172, 17, 0, 1), kMask16}, {ip(10, 0, 1, 1), kMask24}}};
  const Card peer{
      "b",
      "2",
      1,
      {{ip(172, 17, 0, 1), kMask16}, {ip(192, 168, 0, 2), kMask24}, {ip(10, 0, 1, 2), kMask24}}};
  EXPECT_EQ(ring_addresses(mine, peer), (std::vector{ip(10, 0, 1, 2), ip(192, 168, 0, 2)}));
}

TEST(RingAddresses, AreBounded) {
  Card peer{"b", "2", 1, {}};
  for (std::uint32_t i = 1; i <= 20; ++i) peer.addresses.push_back({ip(10, 0, i, 1), kMask24});
  EXPECT_EQ(ring_addresses({"a", "1", 1, {}}, peer).size(), kAddressesMax);
}

TEST(Doorbell, TellsWhoRangAndHowOften) {
  auto near = Doorbell::open();
  auto far = Doorbell::open();
  ASSERT_TRUE(near && far);
  const std::vector<Card> cards = {near->card(), far->card()};
  near->meet(7, 0, cards);
  far->meet(7, 1, cards);
  near->ring(1, 41);
  near->ring(1, 42);
  const auto rings = far->take_rings();
  ASSERT_EQ(rings.size(), 2U);
  EXPECT_EQ(rings[1].peer, 0U);
  EXPECT_EQ(rings[1].posted, 42U);
  EXPECT_TRUE(near->take_rings().empty());
}

TEST(Doorbell, DropsRingsOfAnotherWorld) {
  auto near = Doorbell::open();
  auto far = Doorbell::open();
  ASSERT_TRUE(near && far);
  const std::vector<Card> cards = {near->card(), far->card()};
  near->meet(8, 0, cards);
  far->meet(7, 1, cards);
  near->ring(1, 1);
  EXPECT_TRUE(far->take_rings().empty());
}

}  // namespace
}  // namespace mpibatch::transport
