// What happened: the last events for a failure, all of them with --verbose.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdio>
#include <deque>
#include <string>
#include <utility>

#include "event_queue.hpp"

namespace mpibatch::fault {

// An invariant does not hold.
struct Violation {
  std::string what;
};

class Trace {
 public:
  Trace(const EventQueue& events, bool verbose) : events_(events), verbose_(verbose) {}

  template <class... Args>
  void operator()(fmt::format_string<Args...> text, Args&&... args) {
    add(fmt::format(text, std::forward<Args>(args)...));
  }
  void print_last(std::FILE* to) const {
    for (const std::string& line : last_) fmt::print(to, "  {}\n", line);
  }

 private:
  static constexpr std::size_t kKept = 40;
  void add(std::string text) {
    const double seconds = static_cast<double>(events_.now().count()) / 1e6;
    std::string line = fmt::format("{:12.6f} {}", seconds, text);
    if (verbose_) fmt::print("{}\n", line);
    last_.push_back(std::move(line));
    if (last_.size() > kKept) last_.pop_front();
  }
  const EventQueue& events_;
  bool verbose_;
  std::deque<std::string> last_;
};

}  // namespace mpibatch::fault
