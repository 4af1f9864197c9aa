// What `logs` prints: output as it is under headers, only its lines that match, or JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <mpibatch/base/error.hpp>
#include <mpibatch/store/attempts.hpp>

#include "cli/log_lines.hpp"

namespace mpibatch::cli {

struct LogName {
  std::string job;
  bool array = false;
  model::ChildIndex index = 0;
  std::string key;  // of an array's child
};
std::string to_string(const LogName& name);  // "align", "align:NA017", on one line

struct LogStyle {
  bool names = false;  // there may be more than one attempt: say which
  bool json = false;   // an object a line
  std::optional<LinePattern> pattern;
};

class LogOutput {
 public:
  using NameOf = std::function<LogName(model::JobId, model::ChildIndex)>;
  using Write = std::function<Result<void>(std::string_view)>;
  LogOutput(LogStyle style, NameOf name_of, Write write)
      : style_(std::move(style)), name_of_(std::move(name_of)), write_(std::move(write)) {}

  // Its header, though it may have printed nothing.
  void announce(const store::Attempt& attempt);
  void take(const store::Attempt& attempt, store::Stream stream, std::string_view bytes);
  void cut(const store::Attempt& attempt, const store::OutputCut& cut);
  // What this stream prints goes there, and is not shown.
  void elsewhere(const store::Attempt& attempt, store::Stream stream, const std::string& path);
  void end(const store::Attempt& attempt);  // nothing more comes of it
  // Hands everything on; where output is being cut, says so already. Fails as `write` does, for
  // good.
  Result<void> flush();
  std::uint64_t lines() const { return lines_; }       // that matched, or were printed as JSON
  std::uint64_t attempts() const { return headers_; }  // times that another one was shown

 private:
  using StreamId = std::pair<model::ExecutionId, store::Stream>;
  struct Gap {
    store::OutputCut cut;
    std::uint64_t told = 0;  // of its bytes
  };
  void turn_to(const store::Attempt& attempt);
  const LogName& name_of(const store::Attempt& attempt);
  void put(std::string_view text);
  void line(const store::Attempt& attempt, store::Stream stream, std::string_view text);
  void tell(const store::Attempt& attempt, Gap& gap, bool ended);
  bool in_lines() const { return style_.json || style_.pattern.has_value(); }

  const LogStyle style_;
  const NameOf name_of_;
  const Write write_;
  LineJoiner joiner_;
  std::map<StreamId, std::pair<store::Attempt, Gap>> gaps_;
  std::optional<std::pair<std::pair<model::JobId, model::ChildIndex>, LogName>> named_;  // likewise
  std::optional<model::ExecutionId> shown_;  // the last one
  bool at_line_begin_ = true;
  bool elsewhere_told_ = false;
  std::string buffer_;
  Result<void> written_;
  std::uint64_t lines_ = 0;
  std::uint64_t headers_ = 0;
};

// "[mpibatch: output was cut here: 1.2 GiB of stdout were not kept; the limit is 1.0 GiB]"
std::string cut_text(const store::OutputCut& cut, bool ended);

}  // namespace mpibatch::cli
