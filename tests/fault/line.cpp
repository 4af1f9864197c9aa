#include "line.hpp"

#include <utility>

namespace mpibatch::fault {

using std::chrono::microseconds;

void Line::send(const LineEnd& from, std::string bytes) {
  if (closed_) return;
  const int to = ends_[0] == &from ? 1 : 0;
  Random& random = cluster_.random;
  Duration delay = random.skewed(microseconds{20}, microseconds{20'000});
  if (random.chance(cluster_.late_messages)) {
    delay += random.skewed(Duration{0}, cluster_.settings.lease);
    cluster_.tally(Seen::MessageLate);
  }
  free_at_[to] = std::max(free_at_[to] + microseconds{1}, cluster_.events.now() + delay);
  const auto deliver = [self = shared_from_this(), to, bytes] { self->arrive(to, bytes); };
  cluster_.events.at(free_at_[to], deliver);
  if (!random.chance(cluster_.repeated_messages)) return;
  cluster_.tally(Seen::MessageRepeated);
  free_at_[to] += random.skewed(microseconds{1}, microseconds{2'000'000});
  cluster_.events.at(free_at_[to], deliver);
}

void Line::arrive(int to, const std::string& bytes) {
  if (deaf_[to]) return cluster_.tally(Seen::MessageLost);
  if (cable_ && cable_->cut) {
    held_.push_back({to, bytes});
  } else {
    ends_[to]->hear(*this, bytes);
  }
}

void Line::close() {
  if (std::exchange(closed_, true)) return;
  for (int to = 0; to < 2; ++to) {
    deaf_[to] = cluster_.random.chance(700);
    const Duration delay = cluster_.random.skewed(microseconds{0}, microseconds{500'000});
    cluster_.events.after(delay, [self = shared_from_this(), to] { self->tell_closed(to); });
  }
}

void Line::tell_closed(int to) {
  if (cable_ && cable_->cut) {
    untold_[to] = true;
  } else {
    deaf_[to] = true;
    ends_[to]->hung_up(*this);
  }
}

void Line::mended() {
  for (const Held& held : std::exchange(held_, {})) {
    if (closed_) {
      arrive(held.to, held.bytes);
      continue;
    }
    free_at_[held.to] = std::max(free_at_[held.to], cluster_.events.now()) +
                        cluster_.random.between(microseconds{1}, microseconds{1000});
    cluster_.events.at(free_at_[held.to],
                       [self = shared_from_this(), held] { self->arrive(held.to, held.bytes); });
  }
  for (int to = 0; to < 2; ++to)
    if (std::exchange(untold_[to], false)) tell_closed(to);
}

}  // namespace mpibatch::fault
