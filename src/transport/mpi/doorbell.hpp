// Tells a rank in poll(2) that MPI has a message for it: one UDP socket a rank. A datagram says how
// many messages its sender has posted so far, so its receiver knows whether some are still under
// way. A lost one costs no more than a slow poll; a forged one has not the world's token and is
// dropped.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/unique_fd.hpp>

namespace mpibatch::transport {

inline constexpr std::size_t kAddressesMax = 4;  // that a ring tries before it knows the right one

struct Ipv4 {
  std::uint32_t address = 0;  // host byte order
  std::uint32_t mask = 0;
  bool operator==(const Ipv4&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& address& mask;
  }
};

// What a rank tells the others about itself; exchanged once, when the world starts.
struct Card {
  std::string host;
  std::string boot;  // names the machine: two hosts may share a name
  std::uint16_t port = 0;
  std::vector<Ipv4> addresses;  // without loopback
  bool operator==(const Card&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& host& boot& port& addresses;
  }
};

// Where to ring `peer` from `mine`, best first: loopback on one machine, else addresses on a subnet
// that both are on, else whatever the peer has. Addresses that this machine has too are another
// network of the same numbers (a container bridge) and left out.
std::vector<std::uint32_t> ring_addresses(const Card& mine, const Card& peer);

class Doorbell {
 public:
  static Result<Doorbell> open();

  Card card() const;
  // After the exchange; `cards` by rank.
  void meet(std::uint64_t token, std::uint32_t rank, const std::vector<Card>& cards);

  void ring(std::uint32_t peer, std::uint64_t posted);
  struct Ring {
    std::uint32_t peer = 0;
    std::uint64_t posted = 0;
  };
  std::vector<Ring> take_rings();  // empties the socket
  int descriptor() const { return socket_.get(); }

 private:
  Doorbell(UniqueFd socket, std::uint16_t port) : socket_(std::move(socket)), port_(port) {}

  struct Peer {
    std::vector<sockaddr_in> addresses;
    bool known = false;  // it rang from there: the one address that works
  };
  UniqueFd socket_;
  std::uint16_t port_ = 0;
  std::uint64_t token_ = 0;
  std::uint32_t rank_ = 0;
  std::vector<Peer> peers_;
};

}  // namespace mpibatch::transport
