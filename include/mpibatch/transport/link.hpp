// The seam between two processes: whole messages, in order, and a descriptor to wait on. One thread
// uses a link. Unix sockets implement it, and MPI (in mpibatch-mpi only); tests/conformance holds
// both to this page.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <mpibatch/base/error.hpp>

namespace mpibatch::transport {

inline constexpr std::size_t kMessageBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kQueuedBytesMax = std::size_t{128}
                                               << 20;  // waiting to leave on one link

class Link {
 public:
  virtual ~Link() = default;

  // Queues the message and sends what can leave now; never blocks. Closed once the peer has gone,
  // Usage over kMessageBytesMax, Busy over kQueuedBytesMax (nothing was queued: send less, or
  // later).
  virtual Result<void> send(std::string message) = 0;

  // The next whole message, or none yet. What arrived before the peer went is still handed out.
  virtual std::optional<std::string> receive() = 0;

  // Moves bytes both ways without blocking; call it whenever descriptor() is ready, and after a
  // wait.
  virtual void progress() = 0;

  virtual std::size_t queued_bytes() const = 0;
  virtual bool closed() const = 0;  // the peer has gone, and nothing is left to receive

  // What to poll(2) for: the descriptor, readable; also writable while wants_write(). Several links
  // may share one.
  virtual int descriptor() const = 0;
  virtual bool wants_write() const = 0;
  // How long a wait may last at the most, in milliseconds; -1: until the descriptor is ready.
  virtual int wait_ms_max() const { return -1; }
};

}  // namespace mpibatch::transport
