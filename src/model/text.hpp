// Pieces of a fact's line.
#pragma once

#include <string>
#include <string_view>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/fact.hpp>

namespace mpibatch::model {

// A line stays a line whatever a reason or a name holds.
std::string escaped(std::string_view text, std::string_view special = "\\");
std::string quoted(std::string_view text);
// "12.5s": as many decimals as it takes, for golden files.
std::string seconds_text(Duration duration);
std::string resources_text(const Resources& resources);  // " vcpus 2 memory 512 MiB"

std::string rules_text(const PlanRules& rules);  // " cpu:1 urgent:9 …": queues first
std::string adopted_text(const AdoptedJob& job);

}  // namespace mpibatch::model
