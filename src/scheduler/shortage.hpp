// What a job lacks of the nodes there are, in words, with numbers.
#pragma once

#include <string>
#include <vector>

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

// Lines of one kind that a list of jobs has at the most; the last one counts the others.
inline constexpr std::size_t kLinesMax = 20;

enum class Detail { Plain, ShortBy };

// What keeps a child that asks for this from all nodes, were they empty; empty: nothing.
std::string never_fits(const Scheduler::State& state, const model::JobSpec& kind,
                       const model::Resources& asked, Detail detail);
// Why it asks for more than its job says; empty: it does not.
std::string grown(const model::JobSpec& kind, const model::Resources& asked);
// vCPUs of all its members.
std::uint64_t vcpus_of(const model::JobSpec& kind, const model::Resources& asked);
// AWS Batch's word for it; empty where there is no node of its own: a node may come.
std::string misconfiguration(const Scheduler::State& state, const model::JobSpec& kind,
                             const model::Resources& asked);
// What no node, or no environment, has free now; empty: there is room.
std::string finds_no_room(const Scheduler::State& state, const model::JobSpec& kind,
                          const model::Resources& asked);
// What can be had of a consumable, however long one waits; and now.
std::uint64_t left_of(const Scheduler::State& state, std::uint32_t consumable);
std::uint64_t free_of(const Scheduler::State& state, std::uint32_t consumable);

std::string counted(std::uint64_t count, const std::string& noun);  // "1 job", "3 jobs"
std::string since_release(
    std::uint64_t forgiven);                     // " since the last release"; empty: there is none
std::string children_text(std::uint64_t count);  // "1 child", "3 children"
std::string seconds_text(Duration duration);     // "17 s", rounded up
void bound_lines(std::vector<std::string>& lines, std::size_t all);

}  // namespace mpibatch::scheduler
