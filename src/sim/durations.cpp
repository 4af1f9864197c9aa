#include "sim/durations.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mpibatch::sim {

namespace {

constexpr double kSecondsMax = 10.0 * 365 * 86400;

Duration from_seconds(double seconds) {
  const double bounded = std::clamp(seconds, 0.0, kSecondsMax);
  return Duration{std::max<std::int64_t>(1, std::llround(bounded * 1e6))};
}

// To the millisecond: ends that come together are handled together.
Duration drawn(double seconds) {
  const double bounded = std::clamp(seconds, 1e-3, kSecondsMax);
  return std::chrono::milliseconds(std::llround(bounded * 1e3));
}

double draw(const model::Expectation& expected, std::uint64_t hash) {
  const double one = unit_of(mix(hash));
  const auto normal = [&] {
    const double two = unit_of(mix(hash + 1));
    return std::sqrt(-2 * std::log(one)) * std::cos(2 * std::numbers::pi * two);
  };
  switch (expected.kind) {
    case model::Expectation::Kind::Unknown:
    case model::Expectation::Kind::Fixed:
      return expected.a;
    case model::Expectation::Kind::Uniform:
      return expected.a + (expected.b - expected.a) * one;
    case model::Expectation::Kind::Normal:
      return expected.a + expected.b * normal();
    case model::Expectation::Kind::Lognormal:
      return std::exp(expected.a + expected.b * normal());
    case model::Expectation::Kind::Exponential:
      return -expected.a * std::log(one);
  }
  return expected.a;
}

Takes ended(Duration time, Duration timeout) {
  if (timeout > Duration{0} && time > timeout) return {timeout, true};
  return {time, false};
}

}  // namespace

std::uint64_t mix(std::uint64_t bits) {
  bits += 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebULL;
  return bits ^ (bits >> 31U);
}

std::uint64_t hash_of(std::uint64_t seed, const std::string& text) {
  std::uint64_t hash = mix(seed);
  for (const char c : text) hash = mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

double unit_of(std::uint64_t bits) { return (static_cast<double>(bits >> 11U) + 0.5) * 0x1p-53; }

Durations::Durations(const std::vector<model::PlannedJob>& jobs,
                     const std::map<std::string, LearnedJob>& learned, std::uint64_t seed) {
  jobs_.reserve(jobs.size());
  for (const model::PlannedJob& planned : jobs) {
    Job job;
    job.expected = planned.expected;
    job.timeout = planned.execution.timeout;
    job.hash = hash_of(seed, planned.spec.name);
    const auto known = learned.find(planned.spec.name);
    if (known != learned.end() && known->second.mean > Duration{0}) {
      job.otherwise = known->second.mean;
      if (!known->second.seconds.empty()) job.seconds = &known->second.seconds;
    } else if (planned.expected.kind == model::Expectation::Kind::Unknown) {
      job.otherwise = kUnknownDuration;
    } else if (planned.expected.kind == model::Expectation::Kind::Fixed) {
      job.otherwise = from_seconds(planned.expected.a);
    }
    if (job.otherwise > Duration{0} && job.seconds == nullptr)
      job.uniform = ended(job.otherwise, job.timeout);
    jobs_.push_back(std::move(job));
  }
}

Takes Durations::of(std::uint32_t number, model::ChildIndex child, unsigned attempt) const {
  const Job& job = jobs_[number];
  if (job.uniform) return *job.uniform;
  if (job.seconds != nullptr) {
    const float seconds = child < job.seconds->size() ? (*job.seconds)[child] : 0;
    return ended(seconds > 0 ? from_seconds(seconds) : job.otherwise, job.timeout);
  }
  const std::uint64_t hash = mix(job.hash ^ mix((std::uint64_t{child} << 8U) | attempt));
  return ended(drawn(draw(job.expected, hash)), job.timeout);
}

}  // namespace mpibatch::sim
