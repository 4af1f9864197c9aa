#include "cli/run_progress.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace mpibatch::cli {

namespace {

using model::ChildState;

constexpr auto kPlainEvery = std::chrono::seconds(10);
constexpr int kBarWidth = 24;

std::string bar(std::uint64_t done, std::uint64_t total) {
  const auto filled = total == 0 ? 0 : static_cast<int>(done * kBarWidth / total);
  return std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(kBarWidth - filled), '.');
}

std::string span(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

std::string Progress::line(const scheduler::Scheduler& scheduler, Instant now) const {
  const scheduler::Counts counts = scheduler.counts();
  const std::uint64_t done = counts.terminal();
  const std::uint64_t total = counts.total();
  const std::uint64_t failed = done - counts.good();
  std::string text = fmt::format("[{}] {}/{}", bar(done, total), done, total);
  if (const auto running = counts[ChildState::Running])
    text += fmt::format("  {} running", running);
  if (failed > 0) text += fmt::format("  {} failed", failed);
  const double seconds = std::chrono::duration<double>(now - *began_).count();
  const std::uint64_t ended = done - std::min(done, done_at_start_);
  if (ended > 0 && seconds > 0.5) {
    const double rate = static_cast<double>(ended) / seconds;
    text += rate >= 10 ? fmt::format("  {:.0f}/s", rate) : fmt::format("  {:.1f}/s", rate);
    if (done < total) text += "  ETA " + span(static_cast<double>(total - done) / rate);
  }
  return text;
}

void Progress::show(const scheduler::Scheduler& scheduler, Instant now) {
  if (!began_) {
    began_ = now;
    next_plain_ = now + kPlainEvery;
    done_at_start_ = scheduler.counts().terminal();
  }
  if (quiet_) return;
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", line(scheduler, now));
    std::fflush(stderr);
    drawn_ = true;
  } else if (now >= next_plain_) {
    next_plain_ = now + kPlainEvery;
    std::string text = line(scheduler, now);
    if (text != last_plain_) fmt::print(stderr, "{}\n", text);
    last_plain_ = std::move(text);
  }
}

void Progress::say(const std::string& line) {
  finish();
  fmt::print(stderr, "mpibatch: {}\n", line);
  std::fflush(stderr);
}

void Progress::finish() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace mpibatch::cli
