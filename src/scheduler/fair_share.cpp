#include "scheduler/fair_share.hpp"

#include <algorithm>
#include <cmath>

namespace mpibatch::scheduler {

namespace {

constexpr double kTurnMax = 1e9;

}  // namespace

ShareStanding standing_of(const Scheduler::State& state, std::uint32_t share, Instant now) {
  if (share == kNone) return {};
  const ShareState& of = state.shares[share];
  const Duration decay = state.rules.policies[*state.rules.queues[of.queue].policy].decay;
  const Duration window = decay > Duration{0} ? decay : kShareWindow;
  return {state.used(of, now), static_cast<double>(of.vcpus), of.weight,
          std::chrono::duration<double>(window).count(), share};
}

bool goes_before(const ShareStanding& a, const ShareStanding& b) {
  const double left = a.value();
  const double right = b.value();
  return left < right || (left == right && a.share < b.share);
}

std::uint64_t turn_of(const ShareStanding& first, const ShareStanding& second,
                      std::uint32_t vcpus_each) {
  const double step = std::max<double>(1, vcpus_each) * first.window * first.weight;
  const double steps = (second.value() - first.value()) / step;
  const double turn = first.share < second.share ? std::floor(steps) + 1 : std::ceil(steps);
  return static_cast<std::uint64_t>(std::clamp(turn, 1.0, kTurnMax));
}

std::uint64_t queue_vcpus(const Scheduler::State& state, std::uint32_t queue,
                          const std::function<std::uint64_t(std::size_t)>& of_choice) {
  const std::vector<std::uint32_t>& environments = state.rules.queues[queue].environments;
  if (environments.empty()) return of_choice(0);
  std::uint64_t sum = 0;
  std::size_t choice = 0;
  for (const std::uint32_t number : environments) {
    const model::ComputeEnvironment& environment = state.rules.environments[number];
    if (!environment.enabled) continue;
    const std::uint64_t vcpus = of_choice(choice++);
    sum +=
        environment.max_vcpus == 0 ? vcpus : std::min<std::uint64_t>(vcpus, environment.max_vcpus);
  }
  return sum;
}

// AWS Batch, scheduling policies: (computeReservation/100)^ActiveFairShares × maxvCpus.
std::uint64_t usable_vcpus(const Scheduler::State& state, std::uint32_t queue,
                           std::uint64_t pool_vcpus) {
  const auto& policy = state.rules.policies[*state.rules.queues[queue].policy];
  const auto active = std::count_if(
      state.shares.begin(), state.shares.end(),
      [&](const ShareState& share) { return share.queue == queue && share.unfinished > 0; });
  const double kept = std::pow(policy.compute_reservation / 100.0, static_cast<double>(active)) *
                      static_cast<double>(pool_vcpus);
  if (policy.compute_reservation == 0) return pool_vcpus;
  return pool_vcpus - static_cast<std::uint64_t>(std::ceil(kept));
}

}  // namespace mpibatch::scheduler
