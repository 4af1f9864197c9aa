// The memory limits that cgroups set for this process, v1 and v2, from the leaf up to the root.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "topology/grant.hpp"

namespace mpibatch::topology {

struct LimitFile {
  std::string path;
  std::string cgroup;  // as people know it: "/user.slice"
  bool operator==(const LimitFile&) const = default;
};

// The files that may hold a limit, from the texts of /proc/self/cgroup and /proc/self/mountinfo.
std::vector<LimitFile> limit_files(std::string_view cgroups, std::string_view mounts);

// One file's content: bytes; none for "max", for v1's "no limit", and for what is no number.
std::optional<std::uint64_t> parse_limit(std::string_view text);

// The least limit, read from below `root` (empty: the machine's own).
std::optional<Memory> least_cgroup_limit(const std::string& root);

std::string read_text(const std::string& path);  // empty if it cannot be read

}  // namespace mpibatch::topology
