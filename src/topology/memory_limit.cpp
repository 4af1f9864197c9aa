#include "topology/memory_limit.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>

namespace mpibatch::topology {

namespace {

// v1 says "no limit" as the largest multiple of a page; nobody has this much.
constexpr std::uint64_t kNoLimitBytes = std::uint64_t{1} << 62;

struct Mount {
  std::string root;   // which cgroup is mounted
  std::string point;  // where
};

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

bool lists(std::string_view commas, std::string_view word) {
  while (true) {
    const std::size_t comma = commas.find(',');
    if (commas.substr(0, comma) == word) return true;
    if (comma == commas.npos) return false;
    commas.remove_prefix(comma + 1);
  }
}

// mountinfo writes blanks, tabs, line ends and backslashes as \ooo.
std::string unescape(const std::string& text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
        octal(text[i + 3])) {
      plain.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                        (text[i + 3] - '0')));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

// v1: the hierarchy with the memory controller; v2: the only one.
std::optional<Mount> find_mount(std::string_view mounts, bool v2) {
  std::istringstream lines{std::string(mounts)};
  for (std::string line; std::getline(lines, line);) {
    const auto fields = words_of(line);
    std::size_t dash = 6;  // after the optional fields
    while (dash < fields.size() && fields[dash] != "-") ++dash;
    if (dash + 3 >= fields.size()) continue;
    const bool fits = v2 ? fields[dash + 1] == "cgroup2"
                         : fields[dash + 1] == "cgroup" && lists(fields[dash + 3], "memory");
    if (fits) return Mount{unescape(fields[3]), unescape(fields[4])};
  }
  return std::nullopt;
}

// This process's place in a hierarchy; none if it is not in one.
std::optional<std::string> find_cgroup(std::string_view cgroups, bool v2) {
  std::istringstream lines{std::string(cgroups)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? line.compare(0, second + 1, "0::") == 0 : lists(controllers, "memory"))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

void add_files(const Mount& mount, std::string cgroup, const char* name,
               std::vector<LimitFile>& files) {
  // A container's mount shows a part of the hierarchy, by names from the whole of it; what is not
  // below that part cannot be seen, and the part's own root is the best there is.
  std::string below = cgroup;
  if (mount.root != "/") {
    const bool inside = cgroup.compare(0, mount.root.size(), mount.root) == 0 &&
                        (cgroup.size() == mount.root.size() || cgroup[mount.root.size()] == '/');
    below = inside ? cgroup.substr(mount.root.size()) : "";
    if (!inside) cgroup = mount.root;
  }
  if (below == "/" || below.compare(0, 3, "/..") == 0) below.clear();
  while (true) {
    files.push_back({mount.point + below + "/" + name, cgroup.empty() ? "/" : cgroup});
    if (below.empty()) return;
    below.resize(below.rfind('/'));
    cgroup.resize(cgroup.rfind('/'));
  }
}

}  // namespace

std::vector<LimitFile> limit_files(std::string_view cgroups, std::string_view mounts) {
  std::vector<LimitFile> files;
  for (const bool v2 : {false, true}) {
    const auto mount = find_mount(mounts, v2);
    const auto cgroup = find_cgroup(cgroups, v2);
    if (mount && cgroup && !cgroup->empty() && cgroup->front() == '/')
      add_files(*mount, *cgroup, v2 ? "memory.max" : "memory.limit_in_bytes", files);
  }
  return files;
}

std::optional<std::uint64_t> parse_limit(std::string_view text) {
  std::uint64_t bytes = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, bytes);
  if (error != std::errc{} || (stop != end && *stop != '\n')) return std::nullopt;
  if (bytes >= kNoLimitBytes) return std::nullopt;
  return bytes;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<Memory> least_cgroup_limit(const std::string& root) {
  std::optional<Memory> least;
  for (const LimitFile& file : limit_files(read_text(root + "/proc/self/cgroup"),
                                           read_text(root + "/proc/self/mountinfo"))) {
    const auto bytes = parse_limit(read_text(root + file.path));
    if (bytes && (!least || *bytes < least->bytes))
      least = Memory{*bytes, fmt::format("memory limit of cgroup {}", file.cgroup)};
  }
  return least;
}

}  // namespace mpibatch::topology
