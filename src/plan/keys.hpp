// Finding equal texts among many without keeping them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <mpibatch/model/plan.hpp>

namespace mpibatch::plan {

// Hashes that stand more than once, sorted, each once. Takes 8 bytes a hash.
std::vector<std::uint64_t> repeated_hashes(std::vector<std::uint64_t> hashes);

struct RepeatedKey {
  std::string key;
  model::ChildIndex first = 0;
  model::ChildIndex second = 0;
  std::uint64_t count = 0;
};

// Keys that more than one child of the job has, in the order of their first children; at most
// `most`.
std::vector<RepeatedKey> repeated_keys(const model::PlannedJob& job, std::size_t most);

}  // namespace mpibatch::plan
