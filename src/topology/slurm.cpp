#include "topology/slurm.hpp"

#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace mpibatch::topology {

namespace {

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
constexpr std::uint64_t kMibMax = std::uint64_t{1} << 40;

// A number from 1 on: Slurm's 0 means "all of it".
std::optional<std::uint64_t> number(const char* text, std::uint64_t most) {
  if (text == nullptr) return std::nullopt;
  const std::string_view digits = text;
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end || value == 0 || value > most) return std::nullopt;
  return value;
}

}  // namespace

SlurmGrant slurm_grant(const std::function<const char*(const char*)>& variable) {
  SlurmGrant grant;
  if (variable("SLURM_JOB_ID") == nullptr) return grant;
  if (const auto cpus = number(variable("SLURM_CPUS_ON_NODE"), UINT32_MAX))
    grant.cpus = static_cast<std::uint32_t>(*cpus);
  if (const auto mib = number(variable("SLURM_MEM_PER_NODE"), kMibMax))
    grant.memory = Memory{*mib * kMib, "SLURM_MEM_PER_NODE"};
  else if (const auto each = number(variable("SLURM_MEM_PER_CPU"), kMibMax / (1U << 20));
           each && grant.cpus)
    grant.memory = Memory{*each * *grant.cpus * kMib, "SLURM_MEM_PER_CPU"};
  return grant;
}

void lower(Grant& grant, const SlurmGrant& slurm) {
  if (slurm.cpus && *slurm.cpus < grant.slots) {
    grant.notices.push_back(
        fmt::format("Slurm grants {} of the {} CPUs seen here, but not which: attempts are not "
                    "bound to CPUs",
                    *slurm.cpus, grant.slots));
    grant.slots = *slurm.cpus;
    grant.pinned = false;
  }
  if (slurm.memory && slurm.memory->bytes < grant.memory.bytes) grant.memory = *slurm.memory;
}

}  // namespace mpibatch::topology
