#include "cli/usage_statistics.hpp"

#include <algorithm>
#include <utility>

namespace mpibatch::cli {

namespace {

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

}  // namespace

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
  return seconds(usage.user + usage.system) / (seconds(usage.wall) * vcpus);
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

void UsageCollector::take(const store::Attempt& attempt) {
  if (!has_usage(attempt)) return;
  const model::AttemptEnd& end = *attempt.end;
  const double wall = seconds(end.usage.wall);
  const double cpu = seconds(end.usage.user + end.usage.system);
  ++usage_.attempts;
  if (end.succeeded()) ++usage_.succeeded;
  usage_.wall_seconds += wall;
  usage_.cpu_seconds += cpu;
  usage_.vcpu_seconds += wall * vcpus_of(attempt, vcpus_asked_);
  wall_us_.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(end.usage.wall.count(), 0)));
  if (wall > 0) vcpus_thousands_.push_back(static_cast<std::uint64_t>(cpu / wall * 1000));
  const std::uint64_t memory = end.usage.memory_max_kib;
  if (memory > 0) memory_kib_.push_back(memory);
  const bool killed = end.kind == model::EndKind::OutOfMemory;
  if (killed) ++usage_.killed_for_memory;
  std::uint64_t& most = killed ? usage_.killed_memory_kib_max : usage_.other_memory_kib_max;
  most = std::max(most, memory);
}

JobUsage UsageCollector::finish() && {
  usage_.wall_us = percentiles(std::move(wall_us_));
  usage_.memory_kib = percentiles(std::move(memory_kib_));
  usage_.vcpus_thousands = percentiles(std::move(vcpus_thousands_));
  return usage_;
}

}  // namespace mpibatch::cli
