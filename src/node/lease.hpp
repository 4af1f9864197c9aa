// How long a starter may work without hearing from rank 0. Counts CLOCK_BOOTTIME, so that a
// machine's sleep counts; a renewal runs from the starter's own stamp on the request.
#pragma once

#include <mpibatch/base/time.hpp>

namespace mpibatch::node {

class Lease {
 public:
  explicit Lease(Duration length) : length_(length) {}
  void begin(Duration now) {
    expiry_ = now + length_;
    next_request_ = Duration::max();
  }
  // Holds from the next renewal on; the old expiry stands until then. Asks at once.
  void attach(Duration length, Duration now) {
    if (length > Duration{0}) length_ = length;
    next_request_ = now;
  }
  void detach() { next_request_ = Duration::max(); }
  // A stamp of the future is nobody's request.
  void renewed(Duration stamp, Duration now) {
    if (stamp <= now && stamp + length_ > expiry_) expiry_ = stamp + length_;
  }
  bool lapsed(Duration now) const { return now >= expiry_; }
  // True when it is time to ask; the next time is a sixth of the lease later.
  bool should_ask(Duration now) {
    if (now < next_request_) return false;
    next_request_ = now + length_ / 6;
    return true;
  }
  Duration wake_at() const { return next_request_ < expiry_ ? next_request_ : expiry_; }
  Duration length() const { return length_; }

 private:
  Duration length_;
  Duration expiry_ = Duration::max();
  Duration next_request_ = Duration::max();
};

}  // namespace mpibatch::node
