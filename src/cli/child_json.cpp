// Written by hand: an array may have millions of children, and a document tree of each costs many
// times more.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "cli/json_text.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::size_t kDefinitionBytesMax = 200;  // of a log stream's name, as AWS Batch cuts it

template <class... Arguments>
void add(std::string& to, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(to), format, std::forward<Arguments>(arguments)...);
}

bool needs_no_escape(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

void add_text(std::string& to, std::string_view text) {
  if (!std::all_of(text.begin(), text.end(), needs_no_escape)) {
    to += json_text(nlohmann::json(text), -1);
    return;
  }
  to += '"';
  to += text;
  to += '"';
}

void add_seconds(std::string& to, Duration duration) { add(to, "{}", in_seconds(duration)); }

void add_usage(std::string& to, const model::Usage& usage, std::uint32_t vcpus) {
  to += R"(,"usage":{"wallSeconds":)";
  add_seconds(to, usage.wall);
  to += R"(,"userSeconds":)";
  add_seconds(to, usage.user);
  to += R"(,"systemSeconds":)";
  add_seconds(to, usage.system);
  to += R"(,"memoryMaxKiB":)";
  usage.memory_max_kib == 0 ? add(to, "null") : add(to, "{}", usage.memory_max_kib);
  add(to, R"(,"vcpus":{},"cpuEfficiency":)", vcpus);
  const auto efficiency = cpu_efficiency(usage, vcpus);
  efficiency ? add(to, "{:.4f}}}", *efficiency) : add(to, "null}}");
}

void add_attempt(std::string& to, const ChildView& child, const store::Attempt& attempt) {
  add(to, R"({{"attempt":{},"node":)", attempt.attempt);
  add_text(to, model::to_string(attempt.node));
  add(to, R"(,"state":"{}","startedAt":{},"cpus":[{}],"container":{{"logStreamName":)",
      to_string(attempt.state), to_us(attempt.started_at) / 1000, fmt::join(attempt.cpus, ","));
  add_text(to, fmt::format("{}/default/{}", child.definition.substr(0, kDefinitionBytesMax),
                           model::to_string(attempt.execution)));
  if (!attempt.end) {
    to += "}}";
    return;
  }
  const model::AttemptEnd& end = *attempt.end;
  add(to, R"(,"exitCode":{})", model::exit_code(end));
  if (!end.reason.empty()) {
    to += R"(,"reason":)";
    add_text(to, end.reason);
  }
  add(to, R"(}},"stoppedAt":{},"statusReason":)", to_us(end.stopped_at) / 1000);
  add_text(to, model::status_reason(end));
  add_usage(to, end.usage, vcpus_of(attempt, child.vcpus));
  to += '}';
}

}  // namespace

void add_child_json(std::string& to, const ChildView& child) {
  to += R"({"jobName":)";
  add_text(to, child.job);
  add(to, R"(,"status":"{}","statusReason":)", model::to_string(child.status));
  add_text(to, child.reason);
  if (child.array) {
    add(to, R"(,"arrayProperties":{{"index":{0}}},"index":{0},"key":)", child.index);
    add_text(to, child.key);
  }
  to += R"(,"attempts":[)";
  for (std::size_t i = 0; i < child.attempts.size(); ++i) {
    if (i > 0) to += ',';
    add_attempt(to, child, child.attempts[i]);
  }
  to += "]}";
}

}  // namespace mpibatch::cli
