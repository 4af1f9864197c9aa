// What a job should ask for, judged by what its attempts used. Silent where that fits, and where
// too few attempts could tell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "cli/usage_statistics.hpp"

namespace mpibatch::cli {

inline constexpr std::uint64_t kTellingAttempts = 3;  // that succeeded

struct Advice {
  enum class Resource : std::uint8_t { Memory, Vcpus };
  Resource resource = Resource::Memory;
  std::uint64_t ask = 0;  // MiB, or CPUs
  std::string text;       // with what it is based on
  bool operator==(const Advice&) const = default;
};

// As the job says it now.
struct Asked {
  model::Resources resources;
  double memory_multiplier = 1;
  bool gang = false;  // multi-node parallel: its members ask for different things
};

// At most one for each resource; none for a gang.
std::vector<Advice> advise(const JobUsage& usage, const Asked& asked);

// A round number of MiB with a margin of at least a sixteenth over this.
std::uint64_t memory_to_ask_mib(std::uint64_t used_kib);
std::string mib_text(std::uint64_t mib);  // "576 MiB", "1.25 GiB": exact for what is advised

}  // namespace mpibatch::cli
