// What the coordinator says, as lines of a script.
#pragma once

#include <string>

#include <mpibatch/server/coordinator.hpp>

namespace mpibatch::scenario {

std::string to_string(const protocol::DownFrame& frame);  // "Grant 1.1 job 0 children 0-3"
std::string to_string(const server::RunResult& result);
std::string seconds(Duration duration);                    // "12.5s"
std::string counts_line(const scheduler::Counts& counts);  // "granted 2, runnable 1"

}  // namespace mpibatch::scenario
