#include "cli/output.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>

#include <fmt/format.h>

#include "cli/command.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::size_t kMuch = std::size_t{1} << 16;  // bytes of a Printout

}  // namespace

Result<void> print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return fail(ErrorKind::Closed, "nobody reads the output");
    if (written < 0) return fail_errno("cannot write to the standard output", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> Printout::print_much() {
  if (text_.size() < kMuch) return {};
  return print_rest();
}

Result<void> Printout::print_rest() {
  auto printed = print(text_);
  text_.clear();
  return printed;
}

int report(const Error& error) {
  if (error.kind != ErrorKind::Closed) fmt::print(stderr, "mpibatch: {}\n", error.message);
  const bool asked = error.kind == ErrorKind::Usage || error.kind == ErrorKind::NotFound;
  return asked ? kBadUsage : kSomeFailed;
}

int print_or_report(std::string_view text) {
  const auto printed = print(text);
  return printed ? kSucceeded : report(printed.error());
}

void warn(std::string_view message) { fmt::print(stderr, "mpibatch: warning: {}\n", message); }

void end_with_the_reader() { std::signal(SIGPIPE, SIG_DFL); }

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t') {
      shown += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string time_text(Instant at) {
  if (at == Instant{}) return {};
  const std::time_t seconds = to_us(at) / 1'000'000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local)};
}

std::string duration_text(Duration duration) {
  const std::int64_t seconds = duration.count() / 1'000'000;
  if (seconds < 10) return fmt::format("{:.2f} s", static_cast<double>(duration.count()) / 1e6);
  if (seconds < kMinute) return fmt::format("{} s", seconds);
  if (seconds < kHour) return fmt::format("{}:{:02} min", seconds / kMinute, seconds % kMinute);
  return fmt::format("{}:{:02} h", seconds / kHour, seconds % kHour / kMinute);
}

std::string memory_text(std::uint64_t kib) {
  constexpr std::uint64_t kStep = 1024;
  if (kib < kStep) return fmt::format("{} KiB", kib);
  const double mib = static_cast<double>(kib) / kStep;
  if (mib < kStep) return fmt::format("{:.{}f} MiB", mib, mib < 10 ? 1 : 0);
  const double gib = mib / kStep;
  return fmt::format("{:.{}f} GiB", gib, gib < 10 ? 1 : 0);
}

std::string used_memory_text(std::uint64_t kib) { return kib == 0 ? "" : memory_text(kib); }

std::string percent_text(std::optional<double> fraction) {
  return fraction ? fmt::format("{:.0f} %", *fraction * 100) : "";
}

std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural) {
  if (count == 1) return fmt::format("1 {}", noun);
  return plural.empty() ? fmt::format("{} {}s", count, noun) : fmt::format("{} {}", count, plural);
}

}  // namespace mpibatch::cli
