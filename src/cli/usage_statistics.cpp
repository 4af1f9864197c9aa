#include "cli/usage_statistics.hpp"

#include <algorithm>
#include <utility>

namespace mpibatch::cli {

Percentiles percentiles(std::vector<std::uint64_t> values) {
  Percentiles result;
  result.count = values.size();
  if (values.empty()) return result;
  auto from = values.begin();
  const auto at = [&](std::size_t percent) {
    const std::size_t rank = (percent * values.size() + 99) / 100;  // from 1
    const auto wanted = values.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(from, wanted, values.end());
    from = wanted;
    return *wanted;
  };
  result.p50 = at(50);
  result.p95 = at(95);
  result.max = *std::max_element(from, values.end());
  return result;
}

std::uint32_t vcpus_of(const store::Attempt& attempt, std::uint32_t asked) {
  return attempt.cpus.empty() ? asked : static_cast<std::uint32_t>(attempt.cpus.size());
}

std::optional<double> cpu_efficiency(const model::Usage& usage, std::uint32_t vcpus) {
  if (usage.wall <= Duration{0} || vcpus == 0) return std::nullopt;
  return in_seconds(usage.user + usage.system) / (in_seconds(usage.wall) * vcpus);
}

bool has_usage(const store::Attempt& attempt) {
  return attempt.end && attempt.end->kind != model::EndKind::CannotStart;
}

std::optional<double> JobUsage::vcpus_used() const {
  if (wall_seconds <= 0) return std::nullopt;
  return cpu_seconds / wall_seconds;
}

std::optional<double> JobUsage::cpu_efficiency() const {
  if (vcpu_seconds <= 0) return std::nullopt;
  return cpu_seconds / vcpu_seconds;
}

UsageSample sample_of(const store::Attempt& attempt, std::uint32_t vcpus_asked) {
  const model::AttemptEnd& end = *attempt.end;
  return {attempt.execution.job,
          vcpus_of(attempt, vcpus_asked),
          end.kind,
          end.succeeded(),
          std::max(end.usage.wall, Duration{0}),
          end.usage.user + end.usage.system,
          end.usage.memory_max_kib};
}

JobUsage usage_of(std::span<const UsageSample> samples) {
  JobUsage usage;
  usage.attempts = samples.size();
  std::vector<std::uint64_t> values;
  values.reserve(samples.size());
  for (const UsageSample& sample : samples) {
    const double wall = in_seconds(sample.wall);
    usage.wall_seconds += wall;
    usage.cpu_seconds += in_seconds(sample.cpu);
    usage.vcpu_seconds += wall * sample.vcpus;
    if (sample.succeeded) ++usage.succeeded;
    const bool killed = sample.kind == model::EndKind::OutOfMemory;
    if (killed) ++usage.killed_for_memory;
    std::uint64_t& most = killed ? usage.killed_memory_kib_max : usage.other_memory_kib_max;
    most = std::max(most, sample.memory_kib);
    values.push_back(static_cast<std::uint64_t>(sample.wall.count()));
  }
  usage.wall_us = percentiles(values);
  values.clear();
  for (const UsageSample& sample : samples)
    if (sample.memory_kib > 0) values.push_back(sample.memory_kib);
  usage.memory_kib = percentiles(values);
  values.clear();
  for (const UsageSample& sample : samples)
    if (sample.wall > Duration{0})
      values.push_back(
          static_cast<std::uint64_t>(in_seconds(sample.cpu) / in_seconds(sample.wall) * 1000));
  usage.vcpus_thousands = percentiles(std::move(values));
  return usage;
}

}  // namespace mpibatch::cli
