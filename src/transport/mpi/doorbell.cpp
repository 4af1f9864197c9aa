#include "transport/mpi/doorbell.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <mpibatch/base/host.hpp>
#include <mpibatch/base/layout.hpp>

namespace mpibatch::transport {

namespace {

constexpr int kRingsAtOnce = 1024;  // read in one go; more stay in the socket and keep it readable
constexpr std::size_t kRingBytes = 8 + 4 + 8;

struct Datagram {
  std::uint64_t token = 0;
  std::uint32_t rank = 0;
  std::uint64_t posted = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& token& rank& posted;
  }
};

std::vector<Ipv4> own_addresses() {
  std::vector<Ipv4> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    Ipv4 ip;
    ip.address = ntohl(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr.s_addr);
    if (one->ifa_netmask != nullptr)
      ip.mask = ntohl(reinterpret_cast<const sockaddr_in*>(one->ifa_netmask)->sin_addr.s_addr);
    found.push_back(ip);
  }
  ::freeifaddrs(list);
  return found;
}

}  // namespace

std::vector<std::uint32_t> ring_addresses(const Card& mine, const Card& peer) {
  // One machine, one network: also where containers on it have names of their own.
  if (mine.boot == peer.boot && (mine.host == peer.host || mine.addresses == peer.addresses))
    return {INADDR_LOOPBACK};
  std::vector<std::uint32_t> near;
  std::vector<std::uint32_t> far;
  for (const Ipv4& theirs : peer.addresses) {
    bool ours_too = false;
    bool shared = false;
    for (const Ipv4& ours : mine.addresses) {
      ours_too = ours_too || ours.address == theirs.address;
      shared = shared || (ours.mask == theirs.mask &&
                          (ours.address & ours.mask) == (theirs.address & theirs.mask));
    }
    if (!ours_too) (shared ? near : far).push_back(theirs.address);
  }
  near.insert(near.end(), far.begin(), far.end());
  if (near.size() > kAddressesMax) near.resize(kAddressesMax);
  return near;
}

Result<Doorbell> Doorbell::open() {
  UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("cannot make a UDP socket for MPI's doorbell", errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail_errno("cannot bind a UDP socket for MPI's doorbell", errno);
  return Doorbell(std::move(socket), ntohs(address.sin_port));
}

Card Doorbell::card() const { return {host_name(), boot_id(), port_, own_addresses()}; }

void Doorbell::meet(std::uint64_t token, std::uint32_t rank, const std::vector<Card>& cards) {
  token_ = token;
  rank_ = rank;
  peers_.resize(cards.size());
  for (std::size_t i = 0; i < cards.size(); ++i) {
    for (const std::uint32_t ip : ring_addresses(cards[rank], cards[i])) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(ip);
      address.sin_port = htons(cards[i].port);
      peers_[i].addresses.push_back(address);
    }
  }
}

void Doorbell::ring(std::uint32_t peer, std::uint64_t posted) {
  const std::string bytes = to_layout(Datagram{token_, rank_, posted});
  // A ring that cannot leave is a lost one: the peer's slow poll finds the message.
  for (const sockaddr_in& address : peers_[peer].addresses)
    ::sendto(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

std::vector<Doorbell::Ring> Doorbell::take_rings() {
  std::vector<Ring> rings;
  for (int i = 0; i < kRingsAtOnce; ++i) {
    std::array<char, kRingBytes + 1> bytes;
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    Datagram ring;
    if (size != kRingBytes || !from_layout({bytes.data(), kRingBytes}, ring)) continue;
    if (ring.token != token_ || ring.rank >= peers_.size()) continue;
    rings.push_back({ring.rank, ring.posted});
    Peer& peer = peers_[ring.rank];
    if (!peer.known) peer = {{from}, true};
  }
  return rings;
}

}  // namespace mpibatch::transport
