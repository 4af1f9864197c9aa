// Who is left of a run.
#pragma once

#include <string>

#include "node/environment.hpp"
#include "node/proc.hpp"

namespace mpibatch::node {

// Processes anywhere that carry the token of an attempt of this run on share 0 and have not ended.
inline int processes_of(const std::string& run) {
  int count = 0;
  for (const int pid : all_processes()) {
    const auto token = token_of_process(pid);
    const auto info = read_process(pid);
    count += token && token->starts_with(token_prefix(run, 0)) && info && !info->ended();
  }
  return count;
}

}  // namespace mpibatch::node
