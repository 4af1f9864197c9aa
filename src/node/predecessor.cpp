#include "node/predecessor.hpp"

#include <mpibatch/base/clock.hpp>

#include "node/sweep.hpp"

namespace mpibatch::node {

namespace {

constexpr Duration kSweepPatience = std::chrono::seconds{10};

}  // namespace

Result<PredecessorCheck> PredecessorCheck::make(const std::string& path,
                                                const std::string& token_prefix, Duration lease) {
  using State = SlotTable::Previous::State;
  using model::Predecessor;
  const SlotTable::Previous previous = SlotTable::read(path);
  const Duration now = SystemClock().boot();
  Predecessor verdict = Predecessor::CannotTell;
  // Twice the lease: until then one that nobody here can see may still work.
  Duration doubt_until = now + 2 * lease;
  if (previous.state == State::Rebooted) {
    verdict = Predecessor::None;
    doubt_until = Duration{0};
  } else if (previous.state == State::Here && sweep(previous, token_prefix, kSweepPatience)) {
    doubt_until = previous.doubt_until;
    if (now >= doubt_until) verdict = Predecessor::None;
  }
  Result<SlotTable> slots = SlotTable::create(path, doubt_until);
  if (!slots) return tl::unexpected(slots.error());
  return PredecessorCheck(std::move(*slots), verdict, previous.state == State::Missing,
                          token_prefix);
}

model::Predecessor PredecessorCheck::verdict(bool first_starter) {
  if (first_starter) {
    // Also where there is a table: its starter died before it could be given anything.
    slots_.clear_doubt();
    verdict_ = model::Predecessor::None;
  } else if (missing_) {
    sweep({}, token_prefix_, kSweepPatience);
  }
  missing_ = false;
  return verdict_;
}

}  // namespace mpibatch::node
