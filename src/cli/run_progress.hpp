// What a run shows while it goes on: one line that is redrawn on a terminal, a plain line now and
// then elsewhere.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <mpibatch/server/run_loop.hpp>

namespace mpibatch::cli {

class Progress {
 public:
  Progress(bool terminal, bool quiet) : terminal_(terminal), quiet_(quiet) {}

  void show(const scheduler::Scheduler& scheduler, Instant now);
  // Prints a line of its own above the redrawn one.
  void say(const std::string& line);
  void finish();  // leaves the terminal on a fresh line

 private:
  std::string line(const scheduler::Scheduler& scheduler, Instant now) const;

  bool terminal_;
  bool quiet_;
  bool drawn_ = false;
  std::optional<Instant> began_;
  std::uint64_t done_at_start_ = 0;
  Instant next_plain_{};
  std::string last_plain_;
};

}  // namespace mpibatch::cli
