// How many processes around this one the kernel has killed for lack of memory: of this process's
// cgroup (v2: memory.events, with all below it; v1: memory.oom_control), or of the whole machine
// (/proc/vmstat) where no cgroup counts them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mpibatch/base/time.hpp>
#include <mpibatch/base/unique_fd.hpp>

namespace mpibatch::topology {

// The number behind the line `oom_kill`; 0 where there is none.
std::uint64_t parse_oom_kills(std::string_view text);

// One thread uses it.
class OomCounter {
 public:
  // `root` stands before every path: a machine made of files, for tests.
  explicit OomCounter(const std::string& root = {});
  std::uint64_t read();
  // As it was at most a tenth of a second ago: cheap enough for every start.
  std::uint64_t recent(Duration awake);
  const std::string& source() const { return source_; }  // the file; empty: nothing counts

 private:
  UniqueFd file_;
  std::string source_;
  std::uint64_t last_ = 0;
  Duration read_at_{-1};
};

}  // namespace mpibatch::topology
