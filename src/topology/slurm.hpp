// What a Slurm job may use of this node, by the variables that Slurm sets.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "topology/grant.hpp"

namespace mpibatch::topology {

struct SlurmGrant {
  std::optional<std::uint32_t> cpus;
  std::optional<Memory> memory;
};

// `variable` answers as getenv(3) does. Nothing outside a job; what is no number is passed over.
SlurmGrant slurm_grant(const std::function<const char*(const char*)>& variable);

// Lowers what the machine shows to what Slurm grants. Slurm without CPU binding says how many CPUs,
// not which: another job may use any of them, so nothing is bound then.
void lower(Grant& grant, const SlurmGrant& slurm);

}  // namespace mpibatch::topology
