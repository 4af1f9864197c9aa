// What /proc tells of the processes on this host.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mpibatch/base/unique_fd.hpp>

namespace mpibatch::node {

struct ProcessInfo {
  int pid = 0;
  char state = '?';
  int parent = 0;
  int group = 0;
  unsigned long long start_ticks = 0;
  bool ended() const { return state == 'Z' || state == 'X'; }
};

std::optional<ProcessInfo> read_process(int pid);
std::vector<int> all_processes();

// Its MPIBATCH_TOKEN; none where it has none or may not be read.
std::optional<std::string> token_of_process(int pid);

// KILLs all others on this host whose token is `token`, or begins with it if that ends in a dot.
// Returns how many there were that had not ended yet.
int kill_by_token(const std::string& token);

// The children of this process's main thread, orphans it was given included.
class ChildList {
 public:
  ChildList();
  std::vector<int> read() const;

 private:
  std::vector<int> read_once() const;

  UniqueFd file_;  // none where the kernel has no such file: then all of /proc is read
};

}  // namespace mpibatch::node
