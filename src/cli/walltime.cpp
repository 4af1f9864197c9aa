#include "cli/walltime.hpp"

#include <charconv>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace mpibatch::cli {

namespace {

constexpr std::int64_t kSecondsMax = std::int64_t{100} * 366 * 86'400;  // no allocation is longer

std::optional<std::int64_t> number(std::string_view digits) {
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end || value < 0 || value > kSecondsMax) return std::nullopt;
  return value;
}

std::optional<std::int64_t> seconds_in(std::string_view text) {
  std::int64_t sum = 0;
  const std::size_t dash = text.find('-');
  if (dash != text.npos) {
    const auto days = number(text.substr(0, dash));
    if (!days) return std::nullopt;
    sum = *days * 24;
    text.remove_prefix(dash + 1);
  }
  std::size_t parts = 0;
  bool last = false;
  while (!last) {
    const std::size_t colon = text.find(':');
    last = colon == text.npos;
    const auto part = number(text.substr(0, colon));
    if (!part || ++parts > 3 || (parts > 1 && *part >= 60)) return std::nullopt;
    sum = parts == 1 ? sum + *part : sum * 60 + *part;
    if (!last) text.remove_prefix(colon + 1);
  }
  // Days go with hours, minutes and seconds.
  if ((dash != std::string_view::npos && parts != 3) || sum > kSecondsMax) return std::nullopt;
  return sum;
}

tl::unexpected<Error> refuse(std::string_view option, std::string_view text) {
  return fail(ErrorKind::Usage,
              fmt::format("{} '{}' is no time: write seconds, MM:SS, HH:MM:SS or D-HH:MM:SS",
                          option, text));
}

}  // namespace

Result<Duration> parse_time(std::string_view option, std::string_view text) {
  if (const auto seconds = seconds_in(text)) return Duration{std::chrono::seconds(*seconds)};
  return refuse(option, text);
}

Result<Duration> parse_walltime(const std::string& text) {
  auto time = parse_time("--walltime", text);
  if (time && *time == Duration{0}) return refuse("--walltime", text);
  return time;
}

std::optional<TimeSpan> slurm_time(const std::function<const char*(const char*)>& variable,
                                   Duration wall) {
  const auto read = [&](const char* name) -> std::optional<Duration> {
    const char* text = variable(name);
    const auto seconds = text == nullptr ? std::nullopt : number(text);
    if (!seconds || *seconds == 0) return std::nullopt;
    return Duration{std::chrono::seconds(*seconds)} - wall;
  };
  if (variable("SLURM_JOB_ID") == nullptr) return std::nullopt;
  const auto end = read("SLURM_JOB_END_TIME");
  if (!end) return std::nullopt;
  return TimeSpan{std::min(read("SLURM_JOB_START_TIME").value_or(Duration{0}), Duration{0}), *end};
}

}  // namespace mpibatch::cli
