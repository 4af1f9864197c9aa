#include "sim/load_meter.hpp"

#include <algorithm>

namespace mpibatch::sim {

namespace {

constexpr std::size_t kStepsMax = 1024;

}  // namespace

void LoadMeter::advance(Instant now) {
  if (now <= last_) return;
  const auto span = static_cast<double>((now - last_).count());
  capacity_us_ += span * static_cast<double>(capacity_);
  const auto busy = static_cast<double>(busy_);
  busy_us_ += span * busy;
  while (now - begin_ > step_ * static_cast<std::int64_t>(kStepsMax)) {
    for (std::size_t i = 0; i < steps_.size(); i += 2)
      steps_[i / 2] = steps_[i] + (i + 1 < steps_.size() ? steps_[i + 1] : 0);
    steps_.resize((steps_.size() + 1) / 2);
    step_ *= 2;
  }
  for (Instant from = last_; from < now;) {
    const auto step = static_cast<std::size_t>((from - begin_) / step_);
    const Instant to = std::min(now, begin_ + step_ * static_cast<std::int64_t>(step + 1));
    if (steps_.size() <= step) steps_.resize(step + 1);
    steps_[step] += static_cast<double>((to - from).count()) * busy;
    from = to;
  }
  last_ = now;
}

Load LoadMeter::load(Instant end, std::uint64_t vcpus) const {
  Load load{step_, steps_, vcpus};
  const Duration span = end - begin_;
  load.busy.resize(static_cast<std::size_t>((span + step_ - Duration{1}) / step_));
  for (std::size_t i = 0; i < load.busy.size(); ++i) {
    const Duration begins = step_ * static_cast<std::int64_t>(i);
    load.busy[i] /= static_cast<double>(std::min(step_, span - begins).count());
  }
  return load;
}

double LoadMeter::utilisation(Instant end) const {
  // What came after the end took nobody's time.
  const double after = static_cast<double>(std::max(last_ - end, Duration{0}).count()) *
                       static_cast<double>(capacity_);
  const double before = static_cast<double>(std::max(end - last_, Duration{0}).count()) *
                        static_cast<double>(capacity_);
  const double capacity = capacity_us_ - after + before;
  return capacity > 0 ? busy_us_ / capacity : 0;
}

}  // namespace mpibatch::sim
