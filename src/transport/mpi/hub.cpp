#include "transport/mpi/hub.hpp"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <mpibatch/base/check.hpp>
#include <mpibatch/transport/link.hpp>

namespace mpibatch::transport {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kTag = 1;
// Given to MPI for one peer at a time; the rest waits in its queue.
constexpr std::size_t kSendsInFlightMax = 16;
constexpr std::size_t kBytesInFlightMax = std::size_t{8} << 20;
// Matched and not yet taken by receive(); beyond it arrivals stay with MPI.
constexpr std::size_t kArrivedBytesMax = std::size_t{64} << 20;
constexpr int kMatchesAtOnce = 256;  // in one progress(), so that a flood starves nobody
// One probe after another misses messages that the first one has only moved into sight.
constexpr int kProbesInVain = 2;

// A ring may overtake its message by this much: worth spinning for.
constexpr auto kOvertaken = microseconds{300};
// Large messages move only while both sides call MPI: poll fast, unless nothing moves any more.
constexpr int kBusyMs = 1;
constexpr auto kStalled = seconds{10};
constexpr int kRecentMs = 10;
constexpr auto kRecent = seconds{1};
constexpr int kIdleMs = 50;

// The request's state; an error counts as done and breaks the peer.
bool is_done(MPI_Request& request, bool& broken) {
  if (request == MPI_REQUEST_NULL) return true;
  int done = 0;
  if (MPI_Test(&request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) broken = true;
  return done != 0 || broken;
}

}  // namespace

void Hub::Numbers::add(int number) {
  std::size_t& place = places_[static_cast<std::size_t>(number)];
  if (place != kNowhere) return;
  place = list_.size();
  list_.push_back(number);
}

void Hub::Numbers::remove(int number) {
  const std::size_t place = std::exchange(places_[static_cast<std::size_t>(number)], kNowhere);
  if (place == kNowhere) return;
  if (list_.back() != number) {
    list_[place] = list_.back();
    places_[static_cast<std::size_t>(list_.back())] = place;
  }
  list_.pop_back();
}

Hub::Hub(MPI_Comm communicator, int size, Doorbell doorbell)
    : communicator_(communicator),
      doorbell_(std::move(doorbell)),
      peers_(static_cast<std::size_t>(size)),
      sending_(peers_.size()),
      receiving_(peers_.size()),
      awaited_(peers_.size()),
      moved_at_(steady_clock::now()),
      rung_at_(moved_at_) {
  // A failed call closes that peer's link; MPI's default would end the process.
  MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN);
}

Hub::~Hub() {
  if (!open_) return;
  // Nothing may be asked of MPI here (it could hang on a dead peer), yet it may still use these
  // buffers until the process ends: they are left to it.
  for (Peer& peer : peers_)
    if (!peer.in_flight.empty() || peer.ready < peer.arriving.size())
      std::make_unique<Peer>(std::move(peer)).release();
}

Result<void> Hub::send(int number, std::string message) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (!open_ || peer.broken)
    return fail(ErrorKind::Closed, fmt::format("rank {} has gone", number));
  if (message.size() > kMessageBytesMax)
    return fail(ErrorKind::Usage, fmt::format("a message of {} bytes is over the limit of {}",
                                              message.size(), kMessageBytesMax));
  const std::size_t bytes = message.size() + sizeof(Sending);
  if (peer.queued_bytes + bytes > kQueuedBytesMax) {
    finish_sends(number);
    post(number);
  }
  if (peer.queued_bytes + bytes > kQueuedBytesMax)
    return fail(ErrorKind::Busy, fmt::format("{} bytes wait to leave for rank {}: send later",
                                             peer.queued_bytes, number));
  peer.queued_bytes += bytes;
  peer.queue.push_back(std::move(message));
  sending_.add(number);
  if (peer.in_flight.size() >= kSendsInFlightMax) finish_sends(number);
  post(number);
  return {};
}

void Hub::post(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  bool rings = false;
  while (!peer.queue.empty() && !peer.broken && peer.in_flight.size() < kSendsInFlightMax &&
         (peer.in_flight.empty() ||
          peer.in_flight_bytes + peer.queue.front().size() <= kBytesInFlightMax)) {
    Sending& sending = peer.in_flight.emplace_back();
    sending.body = std::move(peer.queue.front());
    peer.queue.pop_front();
    peer.in_flight_bytes += sending.body.size();
    const int rc = MPI_Isend(sending.body.data(), static_cast<int>(sending.body.size()), MPI_BYTE,
                             number, kTag, communicator_, &sending.request);
    if (rc != MPI_SUCCESS) peer.broken = true;
    ++peer.posted;
    rings = true;
  }
  if (!rings) return;
  doorbell_.ring(static_cast<std::uint32_t>(number), peer.posted);
  moved_at_ = steady_clock::now();
}

void Hub::finish_sends(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  while (!peer.in_flight.empty() && is_done(peer.in_flight.front().request, peer.broken)) {
    if (peer.broken) break;
    const std::size_t size = peer.in_flight.front().body.size();
    peer.in_flight_bytes -= size;
    peer.queued_bytes -= size + sizeof(Sending);
    peer.in_flight.pop_front();
    moved_at_ = steady_clock::now();
  }
  if (peer.broken) {  // what is in flight keeps its buffers: MPI may still hold them
    peer.queue.clear();
    peer.queued_bytes = 0;
  }
}

bool Hub::may_match() const { return arrived_bytes_ < kArrivedBytesMax; }

bool Hub::match_one() {
  int found = 0;
  MPI_Message handle = MPI_MESSAGE_NULL;
  MPI_Status status;
  if (MPI_Improbe(MPI_ANY_SOURCE, kTag, communicator_, &found, &handle, &status) != MPI_SUCCESS ||
      found == 0)
    return false;
  int size = 0;
  MPI_Get_count(&status, MPI_BYTE, &size);
  const int number = status.MPI_SOURCE;
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  Arriving& arriving = peer.arriving.emplace_back();
  arriving.body.resize(static_cast<std::size_t>(size));
  arrived_bytes_ += arriving.body.size();
  // Not MPI_Mrecv: it would block until a large message is here, and its sender may be asleep.
  if (MPI_Imrecv(arriving.body.data(), size, MPI_BYTE, &handle, &arriving.request) != MPI_SUCCESS)
    peer.broken = true;
  ++peer.matched;
  moved_at_ = steady_clock::now();
  if (peer.matched >= peer.announced) awaited_.remove(number);
  receiving_.add(number);
  finish_receives(number);
  return true;
}

void Hub::match_arrivals() {
  more_ = false;
  int vain = 0;
  for (int matches = 0; vain < kProbesInVain && may_match();) {
    if (!match_one()) {
      ++vain;
      continue;
    }
    vain = 0;
    if (++matches == kMatchesAtOnce) {
      more_ = true;
      return;
    }
  }
}

void Hub::finish_receives(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  while (peer.ready < peer.arriving.size() &&
         is_done(peer.arriving[peer.ready].request, peer.broken)) {
    if (peer.broken) break;
    ++peer.ready;
    moved_at_ = steady_clock::now();
  }
  if (peer.ready == peer.arriving.size() || peer.broken) receiving_.remove(number);
}

void Hub::hear_rings() {
  for (const Doorbell::Ring& ring : doorbell_.take_rings()) {
    Peer& peer = peers_[ring.peer];
    peer.announced = std::max(peer.announced, ring.posted);
    if (peer.announced <= peer.matched) continue;
    awaited_.add(static_cast<int>(ring.peer));
    rung_at_ = steady_clock::now();
  }
}

void Hub::progress() {
  if (!open_) return;
  hear_rings();
  match_arrivals();
  for (std::size_t i = receiving_.list().size(); i-- > 0;) finish_receives(receiving_.list()[i]);
  for (std::size_t i = sending_.list().size(); i-- > 0;) {
    const int number = sending_.list()[i];
    finish_sends(number);
    post(number);
    const Peer& peer = peers_[static_cast<std::size_t>(number)];
    if (peer.broken || (peer.queue.empty() && peer.in_flight.empty())) sending_.remove(number);
  }
}

std::optional<std::string> Hub::receive(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (peer.ready == 0) return std::nullopt;
  std::string message = std::move(peer.arriving.front().body);
  peer.arriving.pop_front();
  --peer.ready;
  arrived_bytes_ -= message.size();
  return message;
}

std::size_t Hub::queued_bytes(int number) const {
  return peers_[static_cast<std::size_t>(number)].queued_bytes;
}

bool Hub::closed(int number) const {
  const Peer& peer = peers_[static_cast<std::size_t>(number)];
  return (!open_ || peer.broken) && peer.ready == 0;
}

int Hub::wait_ms_max() const {
  if (!open_) return -1;
  if (more_) return 0;
  const auto now = steady_clock::now();
  if (!awaited_.list().empty() && now - rung_at_ < kOvertaken) return 0;
  const bool pending =
      !sending_.list().empty() || !receiving_.list().empty() || !awaited_.list().empty();
  if (pending && now - std::max(moved_at_, rung_at_) < kStalled) return kBusyMs;
  return pending || now - moved_at_ < kRecent ? kRecentMs : kIdleMs;
}

bool Hub::close(milliseconds patience) {
  if (!open_) return true;
  const auto until = steady_clock::now() + patience;
  const auto busy = [&] {
    return std::any_of(sending_.list().begin(), sending_.list().end(),
                       [&](int n) { return !peers_[static_cast<std::size_t>(n)].broken; }) ||
           !receiving_.list().empty();
  };
  progress();
  while (busy() && steady_clock::now() < until) {
    std::this_thread::sleep_for(microseconds{200});
    progress();
  }
  const bool clean = !busy();
  if (clean) {
    open_ = false;
    MPI_Comm_free(&communicator_);
  }
  return clean;
}

}  // namespace mpibatch::transport
