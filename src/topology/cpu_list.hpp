// CPU numbers as the kernel and taskset write them: "0-3,8".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mpibatch::topology {

inline constexpr std::uint32_t kCpuNumberMax = 1U << 20;

std::string cpu_list(std::vector<std::uint32_t> cpus);  // sorted; "none" for no CPU
std::optional<std::vector<std::uint32_t>> parse_cpu_list(std::string_view text);

}  // namespace mpibatch::topology
