// How long each attempt takes: fixed, learned, or drawn. A draw is a hash of seed, job, child and
// attempt, so that no order of events changes it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/plan.hpp>
#include <mpibatch/sim/simulate.hpp>

namespace mpibatch::sim {

// What is not said takes this.
inline constexpr Duration kUnknownDuration = std::chrono::seconds(1);

// A hash that tells neighbours apart.
std::uint64_t mix(std::uint64_t bits);
std::uint64_t hash_of(std::uint64_t seed, const std::string& text);
double unit_of(std::uint64_t bits);  // in (0, 1)

struct Takes {
  Duration time{0};
  bool timed_out = false;
};

class Durations {
 public:
  Durations(const std::vector<model::PlannedJob>& jobs,
            const std::map<std::string, LearnedJob>& learned, std::uint64_t seed);
  // The same for all children and attempts; none: ask for each.
  std::optional<Takes> uniform(std::uint32_t job) const { return jobs_[job].uniform; }
  Takes of(std::uint32_t job, model::ChildIndex child, unsigned attempt) const;

 private:
  struct Job {
    model::Expectation expected;
    const std::vector<float>* seconds = nullptr;
    Duration otherwise{0};  // of children without learned seconds
    Duration timeout{0};
    std::uint64_t hash = 0;
    std::optional<Takes> uniform;
  };
  std::vector<Job> jobs_;
};

}  // namespace mpibatch::sim
