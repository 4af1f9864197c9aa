#include "cli/log_lines.hpp"

#include <regex.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace mpibatch::cli {

struct LinePattern::Compiled {
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    if (good) ::regfree(&regex);
  }
  regex_t regex{};
  bool good = false;
};

Result<LinePattern> LinePattern::compile(const std::string& text) {
  auto compiled = std::make_shared<Compiled>();
  const int error = ::regcomp(&compiled->regex, text.c_str(), REG_EXTENDED);
  if (error != 0) {
    std::array<char, 200> cause{};
    ::regerror(error, &compiled->regex, cause.data(), cause.size());
    return fail(ErrorKind::Usage,
                fmt::format("'{}' is no regular expression (--grep): {}", text, cause.data()));
  }
  compiled->good = true;
  LinePattern pattern;
  pattern.compiled_ = std::move(compiled);
  return pattern;
}

bool LinePattern::matches(std::string_view line) const {
  // The bounds are given, so that a zero byte does not end the line.
  regmatch_t bounds{0, static_cast<regoff_t>(line.size())};
  const char* text = line.empty() ? "" : line.data();
  return ::regexec(&compiled_->regex, text, 1, &bounds, REG_STARTEND) == 0;
}

void LineJoiner::take(const model::ExecutionId& execution, store::Stream stream,
                      std::string_view bytes, const TakeLine& take) {
  std::string& begun = begun_[{execution, stream}];
  while (!bytes.empty()) {
    const std::size_t room = kLineBytesMax - begun.size();
    const std::size_t feed = bytes.substr(0, room).find('\n');
    const std::size_t size = std::min({feed, room, bytes.size()});
    const bool whole = feed != std::string_view::npos || size == room;
    if (!whole) {
      begun += bytes;
      return;
    }
    if (begun.empty()) {
      take(bytes.substr(0, size));
    } else {
      begun += bytes.substr(0, size);
      take(begun);
      begun.clear();
    }
    bytes.remove_prefix(size + (feed != std::string_view::npos ? 1 : 0));
  }
}

void LineJoiner::end(const model::ExecutionId& execution, store::Stream stream,
                     const TakeLine& take) {
  const auto begun = begun_.extract({execution, stream});
  if (begun && !begun.mapped().empty()) take(begun.mapped());
}

}  // namespace mpibatch::cli
