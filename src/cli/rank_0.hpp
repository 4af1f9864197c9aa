// Who drives a run at the moment, if anybody.
#pragma once

#include <string>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>

#include "cli/reading.hpp"

namespace mpibatch::cli {

struct Rank0 {
  store::OwnerRecord owner;
  bool alive = false;
};

// Takes up to 3 s where its process cannot be seen from here.
Result<Rank0> find_rank_0(const FileSystem& files, const RunReading& run);

std::string to_string(const Rank0& rank_0);  // "rank 0 is process 17 on host 'node1'"

}  // namespace mpibatch::cli
