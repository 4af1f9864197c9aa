// Links over unix sockets: the peer is a thread with the other end of a pair.
#include <thread>

#include <gtest/gtest.h>

#include <mpibatch/transport/unix_socket.hpp>
#include "conformance/peer.hpp"

namespace mpibatch::conformance {

namespace {

class UnixPair final : public LinkWithPeer {
 public:
  UnixPair() {
    auto [near, far] = transport::make_unix_pair();
    near_ = std::move(near);
    peer_ = std::thread([end = std::move(far)] { serve(*end); });
  }
  ~UnixPair() override {
    near_.reset();
    peer_.join();
  }
  transport::Link& link() override { return *near_; }

 private:
  std::unique_ptr<transport::Link> near_;
  std::thread peer_;
};

}  // namespace

std::unique_ptr<LinkWithPeer> open_link() { return std::make_unique<UnixPair>(); }

}  // namespace mpibatch::conformance

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
