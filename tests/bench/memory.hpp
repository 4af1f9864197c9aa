// What of the heap is in use, and what the process has had at the most.
#pragma once

#include <malloc.h>

#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

namespace mpibatch::bench {

inline std::uint64_t heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A line of /proc/self/status, such as VmHWM.
inline std::uint64_t status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == name + ":") {
      std::uint64_t kib = 0;
      status >> kib;
      return kib * 1024;
    }
    status.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

// VmHWM counts from what is there now.
inline void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace mpibatch::bench
