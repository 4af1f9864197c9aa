#include "plan/later.hpp"

namespace mpibatch::plan {

void check_checkpoint(const JsonValue& value, const Path& path, const Report& report) {
  static constexpr std::string_view kFields[] = {"signal", "secondsBeforeEnd", "resumeExitCode"};
  // Those that a program can catch and that are not sent for other reasons.
  static constexpr std::string_view kSignals[] = {"USR1", "USR2", "HUP", "INT", "TERM"};
  if (!read_object(value, path, {kFields, {}, {}}, report)) return;
  if (const JsonValue* signal = value.find("signal"))
    read_word(*signal, path.field("signal"), kSignals, report);
  if (const JsonValue* seconds = value.find("secondsBeforeEnd"))
    read_integer(*seconds, path.field("secondsBeforeEnd"), {1, INT32_MAX}, report);
  if (const JsonValue* code = value.find("resumeExitCode"))
    read_integer(*code, path.field("resumeExitCode"), {1, 255}, report);
}

void check_results(const JsonValue& value, const Path& path, const Report& report) {
  static constexpr std::string_view kFields[] = {"maxBytes"};
  constexpr std::int64_t kBytesMax = 1 << 20;
  if (!read_object(value, path, {kFields, {}, {}}, report)) return;
  if (const JsonValue* bytes = value.find("maxBytes"))
    read_integer(*bytes, path.field("maxBytes"), {1, kBytesMax}, report);
}

std::vector<std::string> Notices::all() const {
  std::vector<std::string> texts;
  for (const std::string& field : fields_)
    texts.push_back("'" + field + "' is accepted and has no effect yet");
  return texts;
}

}  // namespace mpibatch::plan
