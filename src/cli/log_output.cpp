#include "cli/log_output.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/json_text.hpp"
#include "cli/output.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;

std::string_view text_of(store::Stream stream) {
  return stream == store::Stream::Stdout ? "stdout" : "stderr";
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t kKib = 1024;
  return bytes < kKib ? fmt::format("{} B", bytes) : memory_text(bytes / kKib);
}

std::string header(const LogName& name, const store::Attempt& attempt) {
  const std::string exit = exit_text(attempt);
  const std::string reason = reason_text(attempt);
  return fmt::format("==> {}, attempt {} on {}{}{} <==\n", to_string(name), attempt.attempt,
                     model::to_string(attempt.node),
                     exit.empty() || exit == "0" ? "" : ", exit code " + exit,
                     reason.empty() ? "" : ": " + printable(reason));
}

json json_of(const LogName& name, const store::Attempt& attempt, store::Stream stream) {
  json value{{"jobName", name.job},
             {"attempt", attempt.attempt},
             {"node", model::to_string(attempt.node)},
             {"stream", text_of(stream)}};
  if (name.array) {
    value["index"] = name.index;
    value["key"] = name.key;
  }
  return value;
}

}  // namespace

std::string to_string(const LogName& name) {
  return printable(name.array ? fmt::format("{}:{}", name.job, name.key) : name.job);
}

std::string cut_text(const store::OutputCut& cut, bool ended) {
  return fmt::format("[mpibatch: output was cut here: {} of {} were not kept{}; the limit is {}]",
                     bytes_text(cut.bytes), text_of(cut.stream), ended ? "" : " so far",
                     bytes_text(cut.limit));
}

void LogOutput::announce(const store::Attempt& attempt) {
  if (style_.names && !in_lines()) turn_to(attempt);
}

void LogOutput::take(const store::Attempt& attempt, store::Stream stream, std::string_view bytes) {
  if (bytes.empty()) return;
  if (const auto gap = gaps_.find({attempt.execution, stream}); gap != gaps_.end()) {
    tell(attempt, gap->second.second, true);
    gaps_.erase(gap);
  }
  if (in_lines())
    return joiner_.take(attempt.execution, stream, bytes,
                        [&](std::string_view text) { line(attempt, stream, text); });
  turn_to(attempt);
  put(bytes);
}

void LogOutput::cut(const store::Attempt& attempt, const store::OutputCut& cut) {
  auto& [of, gap] =
      gaps_.try_emplace({attempt.execution, cut.stream}, attempt, Gap{}).first->second;
  if (gap.cut.bytes > 0 && gap.cut.offset + gap.cut.bytes == cut.offset) {
    gap.cut.bytes += cut.bytes;
    return;
  }
  // What follows the gap is no rest of the line before it.
  joiner_.end(attempt.execution, cut.stream,
              [&](std::string_view text) { line(attempt, cut.stream, text); });
  if (gap.cut.bytes > 0) tell(of, gap, true);
  gap = {cut, 0};
}

void LogOutput::elsewhere(const store::Attempt& attempt, store::Stream stream,
                          const std::string& path) {
  const LogName& name = name_of(attempt);
  const std::string text = fmt::format("{} goes to {}", text_of(stream), printable(path));
  if (style_.json) {
    json value = json_of(name, attempt, stream);
    value["logFile"] = path;
    put(json_line(value));
  } else if (style_.pattern) {
    // Once: there may be a file for each of very many.
    if (!std::exchange(elsewhere_told_, true))
      warn(fmt::format("{}: {}; files are not searched", to_string(name), text));
  } else {
    turn_to(attempt);
    put(fmt::format("{}[mpibatch: {}]\n", at_line_begin_ ? "" : "\n", text));
  }
}

void LogOutput::end(const store::Attempt& attempt) {
  for (const store::Stream stream : {store::Stream::Stdout, store::Stream::Stderr}) {
    joiner_.end(attempt.execution, stream,
                [&](std::string_view text) { line(attempt, stream, text); });
    if (auto gap = gaps_.extract({attempt.execution, stream}))
      tell(attempt, gap.mapped().second, true);
  }
}

Result<void> LogOutput::flush() {
  for (auto& [stream, gap] : gaps_)
    if (gap.second.told == 0) tell(gap.first, gap.second, false);
  if (written_ && !buffer_.empty()) written_ = write_(buffer_);
  buffer_.clear();
  return written_;
}

void LogOutput::turn_to(const store::Attempt& attempt) {
  if (shown_ == attempt.execution) return;
  const bool first = !shown_;
  shown_ = attempt.execution;
  ++headers_;
  if (first && !style_.names) return;
  put((at_line_begin_ ? "" : "\n") + header(name_of(attempt), attempt));
}

// Lines of one attempt come one after the other, and a key may have to be put together.
const LogName& LogOutput::name_of(const store::Attempt& attempt) {
  const std::pair child(attempt.execution.job, attempt.child);
  if (!named_ || named_->first != child)
    named_.emplace(child, name_of_(attempt.execution.job, attempt.child));
  return named_->second;
}

void LogOutput::put(std::string_view text) {
  if (text.empty() || !written_) return;
  at_line_begin_ = text.back() == '\n';
  buffer_ += text;
  if (buffer_.size() < kBufferBytes) return;
  written_ = write_(buffer_);
  buffer_.clear();
}

void LogOutput::line(const store::Attempt& attempt, store::Stream stream, std::string_view text) {
  if (style_.pattern && !style_.pattern->matches(text)) return;
  ++lines_;
  if (!style_.json && !style_.names) {
    put(text);
    return put("\n");
  }
  const LogName& name = name_of(attempt);
  if (style_.json) {
    json value = json_of(name, attempt, stream);
    value["message"] = text;
    return put(json_line(value));
  }
  put(to_string(name) + ": ");
  put(text);
  put("\n");
}

void LogOutput::tell(const store::Attempt& attempt, Gap& gap, bool ended) {
  if (gap.cut.bytes == gap.told) return;
  gap.told = gap.cut.bytes;
  const std::string text = cut_text(gap.cut, ended);
  const LogName& name = name_of(attempt);
  if (style_.json) {
    json value = json_of(name, attempt, gap.cut.stream);
    value["bytesCut"] = gap.cut.bytes;
    value["bytesLimit"] = gap.cut.limit;
    put(json_line(value));
  } else if (style_.pattern) {
    // No line of the output, but whoever searches it should know that some of it is not there.
    warn(to_string(name) + ": " + text);
  } else {
    turn_to(attempt);
    put((at_line_begin_ ? "" : "\n") + text + "\n");
  }
}

}  // namespace mpibatch::cli
