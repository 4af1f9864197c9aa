#include <mpibatch/topology/oom_counter.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <vector>

#include "topology/memory_limit.hpp"

namespace mpibatch::topology {

namespace {

constexpr std::string_view kLine = "oom_kill ";
constexpr Duration kRecent = std::chrono::milliseconds(100);
constexpr std::size_t kBytesMax = std::size_t{1} << 16;

bool counts(std::string_view text) {
  return text.starts_with(kLine) || text.find("\n" + std::string(kLine)) != text.npos;
}

// This process's own cgroup comes first, in v1 and in v2; then the machine.
std::vector<std::string> places(const std::string& root) {
  std::vector<std::string> found;
  std::string above;  // whose leaf has been seen
  for (const LimitFile& file : limit_files(read_text(root + "/proc/self/cgroup"),
                                           read_text(root + "/proc/self/mountinfo"))) {
    const std::size_t slash = file.path.rfind('/');
    const bool v2 = file.path.ends_with("/memory.max");
    const std::string kind = v2 ? "v2" : "v1";
    if (above == kind) continue;
    above = kind;
    found.push_back(file.path.substr(0, slash) + (v2 ? "/memory.events" : "/memory.oom_control"));
  }
  found.emplace_back("/proc/vmstat");
  return found;
}

}  // namespace

std::uint64_t parse_oom_kills(std::string_view text) {
  std::size_t at = text.starts_with(kLine) ? 0 : text.find("\n" + std::string(kLine));
  if (at == text.npos) return 0;
  if (text[at] == '\n') ++at;
  std::uint64_t kills = 0;
  std::from_chars(text.data() + at + kLine.size(), text.data() + text.size(), kills);
  return kills;
}

OomCounter::OomCounter(const std::string& root) {
  for (const std::string& path : places(root)) {
    if (!counts(read_text(root + path))) continue;
    file_.reset(::open((root + path).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_) continue;
    source_ = path;
    break;
  }
  last_ = read();
}

std::uint64_t OomCounter::read() {
  if (!file_) return 0;
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < kBytesMax) {
    const ssize_t size =
        ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (size <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return last_ = parse_oom_kills(text);
}

std::uint64_t OomCounter::recent(Duration awake) {
  if (read_at_ < Duration{0} || awake - read_at_ >= kRecent) {
    read();
    read_at_ = awake;
  }
  return last_;
}

}  // namespace mpibatch::topology
