// What the attempts of one job took, as exact percentiles. 24 bytes for each attempt.
#pragma once

#include <cstdint>
#include <optional>
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

class UsageCollector {
 public:
  explicit UsageCollector(std::uint32_t vcpus_asked = 1) : vcpus_asked_(vcpus_asked) {}
  void take(const store::Attempt& attempt);
  JobUsage finish() &&;

 private:
  std::uint32_t vcpus_asked_;
  JobUsage usage_;
  std::vector<std::uint64_t> wall_us_;
  std::vector<std::uint64_t> memory_kib_;
  std::vector<std::uint64_t> vcpus_thousands_;
};

}  // namespace mpibatch::cli
