// What the attempts of one job took, as exact percentiles.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <mpibatch/model/job.hpp>
#include <mpibatch/store/attempts.hpp>

namespace mpibatch::cli {

// By nearest rank: p95 is the lowest value that 95 % of all are not above.
struct Percentiles {
  std::uint64_t count = 0;  // of values; 0: the others mean nothing
  std::uint64_t p50 = 0;
  std::uint64_t p95 = 0;
  std::uint64_t max = 0;
  bool operator==(const Percentiles&) const = default;
};
Percentiles percentiles(std::vector<std::uint64_t> values);

// The CPUs that an attempt had for itself: those it was bound to, else as many as its job asks for.
std::uint32_t vcpus_of(const store::Attempt& attempt, std::uint32_t asked);
// (user + system) / (wall × vcpus); none where no time passed.
std::optional<double> cpu_efficiency(const model::Usage& usage, std::uint32_t vcpus);
// Whether a process came to be and its end is known: others used nothing that could be told.
bool has_usage(const store::Attempt& attempt);

// What is kept of an attempt: there may be millions.
struct UsageSample {
  model::JobId job{};
  std::uint32_t vcpus = 1;
  model::EndKind kind{};
  bool succeeded = false;
  Duration wall{0};
  Duration cpu{0};
  std::uint64_t memory_kib = 0;  // 0: unknown
};
UsageSample sample_of(const store::Attempt& attempt, std::uint32_t vcpus_asked);  // has_usage()

struct JobUsage {
  std::uint64_t attempts = 0;  // that have a usage
  std::uint64_t succeeded = 0;
  std::uint64_t killed_for_memory = 0;
  Percentiles wall_us;
  Percentiles memory_kib;       // of the attempts of which it is known
  Percentiles vcpus_thousands;  // of each attempt: CPU time over wall time, in thousandths
  std::uint64_t killed_memory_kib_max = 0;  // of those killed for memory; 0: unknown
  std::uint64_t other_memory_kib_max = 0;   // of the others
  double wall_seconds = 0;                  // sums
  double cpu_seconds = 0;
  double vcpu_seconds = 0;  // wall × vcpus

  std::optional<double> vcpus_used() const;  // on average over the time
  std::optional<double> cpu_efficiency() const;
};
JobUsage usage_of(std::span<const UsageSample> samples);

}  // namespace mpibatch::cli
