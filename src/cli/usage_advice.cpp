#include "cli/usage_advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/output.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::uint64_t kKibEach = 1024;          // MiB
constexpr std::uint64_t kGib = 1024;              // in MiB
constexpr std::uint64_t kLeastMib = 64;           // that is advised
constexpr std::uint64_t kSavingMib = 128;         // that is worth a word
constexpr double kFits = 0.75;                    // of what was asked: asking for less gains little
constexpr double kNoise = 0.05;                   // CPUs: one thread may seem to use 1.02
constexpr double kTellingSeconds = 0.1;           // of wall time; below it starting is most of it
constexpr std::uint64_t kManyKilledPercent = 10;  // retries with more memory make up for fewer

std::uint64_t step_mib(std::uint64_t mib) {
  if (mib < kGib) return 64;
  if (mib < 4 * kGib) return 256;
  if (mib < 32 * kGib) return kGib;
  return mib < 128 * kGib ? 4 * kGib : 16 * kGib;
}

std::uint64_t round_up_mib(std::uint64_t mib) {
  const std::uint64_t step = step_mib(mib);
  return std::max(kLeastMib, (mib + step - 1) / step * step);
}

// As people say it, and as a plan does.
std::string amount(std::uint64_t mib) {
  return mib < kGib ? mib_text(mib) : fmt::format("{} ({} MiB)", mib_text(mib), mib);
}

std::optional<Advice> after_kills(const JobUsage& usage, const Asked& job) {
  const std::uint64_t asked = job.resources.memory_mib;
  const bool grows = job.memory_multiplier > 1;
  if (grows && usage.killed_for_memory * 100 <= usage.attempts * kManyKilledPercent)
    return std::nullopt;
  const std::uint64_t known = std::max(asked * kKibEach, usage.killed_memory_kib_max);
  // Where others went further and lived, they show how much is enough.
  const bool others_tell = known > 0 && usage.other_memory_kib_max > known;
  const std::uint64_t killed_at = std::max(known, usage.other_memory_kib_max);
  if (killed_at == 0) return std::nullopt;
  const std::uint64_t ask =
      others_tell ? memory_to_ask_mib(killed_at) : round_up_mib(killed_at / kKibEach * 3 / 2);
  std::vector<std::string> basis;
  if (asked > 0) basis.push_back("asked " + mib_text(asked));
  if (usage.killed_memory_kib_max > 0)
    basis.push_back("used up to " + memory_text(usage.killed_memory_kib_max));
  return Advice{
      Advice::Resource::Memory, ask,
      fmt::format("{} of {} {} killed for memory{}: ask for {}{}", usage.killed_for_memory,
                  counted(usage.attempts, "attempt"), usage.killed_for_memory == 1 ? "was" : "were",
                  basis.empty() ? "" : fmt::format(" ({})", fmt::join(basis, ", ")), amount(ask),
                  grows ? "" : ", or set a memoryMultiplier for retries")};
}

std::optional<Advice> of_memory(const JobUsage& usage, const Asked& job) {
  if (usage.killed_for_memory > 0) return after_kills(usage, job);
  const std::uint64_t asked = job.resources.memory_mib;
  const Percentiles& used = usage.memory_kib;
  if (asked == 0 || usage.succeeded < kTellingAttempts || used.count < kTellingAttempts)
    return std::nullopt;
  const std::uint64_t ask = memory_to_ask_mib(used.max);
  const bool too_little = used.max > asked * kKibEach;
  const bool too_much =
      static_cast<double>(ask) <= kFits * static_cast<double>(asked) && asked - ask >= kSavingMib;
  if (!too_little && !too_much) return std::nullopt;
  return Advice{Advice::Resource::Memory, ask,
                fmt::format("ask for {}: 95 % of {} used {} or less, the most {}, asked {}",
                            amount(ask), counted(used.count, "attempt"), memory_text(used.p95),
                            memory_text(used.max), mib_text(asked))};
}

std::optional<Advice> of_vcpus(const JobUsage& usage, const Asked& job) {
  const std::uint32_t asked = job.resources.vcpus;
  const auto average = usage.vcpus_used();
  if (!average || usage.succeeded < kTellingAttempts ||
      usage.wall_seconds < kTellingSeconds * static_cast<double>(usage.attempts))
    return std::nullopt;
  const auto whole = [](double vcpus) {
    return static_cast<std::uint64_t>(std::max(1.0, std::ceil(vcpus - kNoise)));
  };
  const double most = static_cast<double>(usage.vcpus_thousands.p95) / 1000;
  const std::string basis = fmt::format("{} used {:.1f} of {} on average",
                                        counted(usage.attempts, "attempt"), *average, asked);
  if (const std::uint64_t ask = whole(*average); ask > asked)
    return Advice{Advice::Resource::Vcpus, ask,
                  fmt::format("ask for {}: {}", counted(ask, "vCPU"), basis)};
  const std::uint64_t ask = whole(std::max(*average, most));
  if (static_cast<double>(ask) > kFits * asked) return std::nullopt;
  return Advice{Advice::Resource::Vcpus, ask,
                fmt::format("{} would do: {}, 95 % of them {:.1f} or less", counted(ask, "vCPU"),
                            basis, most)};
}

}  // namespace

std::uint64_t memory_to_ask_mib(std::uint64_t used_kib) {
  constexpr std::uint64_t kMarginPart = 16;
  const std::uint64_t wanted = used_kib + (used_kib + kMarginPart - 1) / kMarginPart;
  return round_up_mib((wanted + kKibEach - 1) / kKibEach);
}

std::string mib_text(std::uint64_t mib) {
  if (mib < kGib) return fmt::format("{} MiB", mib);
  constexpr std::uint64_t kQuarter = kGib / 4;
  if (mib % kQuarter == 0)
    return fmt::format("{} GiB", static_cast<double>(mib) / static_cast<double>(kGib));
  return memory_text(mib * kKibEach);
}

std::vector<Advice> advise(const JobUsage& usage, const Asked& job) {
  std::vector<Advice> all;
  if (job.gang) return all;
  if (auto one = of_memory(usage, job)) all.push_back(std::move(*one));
  if (auto one = of_vcpus(usage, job)) all.push_back(std::move(*one));
  return all;
}

}  // namespace mpibatch::cli
