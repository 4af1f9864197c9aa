// All traffic of this rank: bounded nonblocking sends, matched receives, sorted by peer. Every link
// of the world is a view of it.
#pragma once

#include <mpi.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include "transport/mpi/doorbell.hpp"

namespace mpibatch::transport {

class Hub {
 public:
  // `communicator` is this hub's own; freed by close().
  Hub(MPI_Comm communicator, int size, Doorbell doorbell);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  Result<void> send(int peer, std::string message);
  std::optional<std::string> receive(int peer);
  void progress();
  // Sends what is queued, for `patience` at the most; false if something is left. Then no MPI call
  // is made any more.
  bool close(std::chrono::milliseconds patience);

  std::size_t queued_bytes(int peer) const;
  bool closed(int peer) const;
  int descriptor() const { return doorbell_.descriptor(); }
  int wait_ms_max() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Sending {
    std::string body;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  struct Arriving {
    std::string body;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  struct Peer {
    std::deque<std::string> queue;  // not given to MPI yet
    std::deque<Sending> in_flight;  // MPI reads these buffers
    std::deque<Arriving> arriving;  // matched, in order; the first ones may be complete
    std::size_t ready = 0;          // of `arriving`: complete, from the front
    std::size_t queued_bytes = 0;
    std::size_t in_flight_bytes = 0;
    std::uint64_t posted = 0;     // messages given to MPI
    std::uint64_t matched = 0;    // messages taken from it
    std::uint64_t announced = 0;  // the peer's `posted`, as its rings say
    bool broken = false;
  };

  // Peer numbers, each once; may be removed from while it is walked from the back.
  class Numbers {
   public:
    explicit Numbers(std::size_t size) : places_(size, kNowhere) {}
    void add(int number);
    void remove(int number);
    const std::vector<int>& list() const { return list_; }

   private:
    static constexpr std::size_t kNowhere = SIZE_MAX;
    std::vector<int> list_;
    std::vector<std::size_t> places_;  // in list_, by number
  };

  void post(int number);
  void finish_sends(int number);
  void finish_receives(int number);
  bool match_one();
  void match_arrivals();
  void hear_rings();
  bool may_match() const;

  MPI_Comm communicator_;
  Doorbell doorbell_;
  std::vector<Peer> peers_;
  Numbers sending_;    // peers with something queued or in flight
  Numbers receiving_;  // peers with an incomplete arrival
  Numbers awaited_;    // peers that announced more than was matched
  std::size_t arrived_bytes_ = 0;
  bool more_ = false;  // the last progress() stopped at its bound
  bool open_ = true;
  Time moved_at_;  // something was sent or received
  Time rung_at_;
};

}  // namespace mpibatch::transport
