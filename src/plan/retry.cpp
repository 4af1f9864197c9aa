#include "plan/retry.hpp"

#include <algorithm>

#include "plan/container.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::size_t kRulesMax = 5;
constexpr std::size_t kPatternMax = 512;
constexpr double kMultiplierMax = 100;

std::optional<std::string> read_pattern(const JsonValue& rule, std::string_view name,
                                        const Path& path, const Report& report) {
  const JsonValue* value = rule.find(name);
  if (!value) return std::nullopt;
  const Path place = path.field(name);
  // A number is what most people write for an exit code.
  const bool code = name == "onExitCode";
  auto pattern = code ? read_text(*value, place, report) : read_string(*value, place, report);
  if (!pattern) return std::nullopt;
  const std::size_t star = pattern->find('*');
  if (pattern->empty() || pattern->size() > kPatternMax)
    report.add(place, "must have 1 to " + std::to_string(kPatternMax) + " characters");
  else if (star < pattern->size() - 1)
    report.add(place, "'" + *pattern + "' may have one '*', as its last character");
  else if (code && pattern->find_first_not_of("0123456789*") != std::string::npos)
    report.add(place, "'" + *pattern + "' must be of digits, with one '*' at the end if at all");
  return pattern;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

model::RetryRule read_rule(const JsonValue& value, const Path& path, const Report& report) {
  static constexpr std::string_view kFields[] = {"onStatusReason", "onReason", "onExitCode",
                                                 "action"};
  model::RetryRule rule;
  if (!read_object(value, path, {kFields, {}, {}}, report)) return rule;
  rule.on_status_reason = read_pattern(value, "onStatusReason", path, report);
  rule.on_reason = read_pattern(value, "onReason", path, report);
  rule.on_exit_code = read_pattern(value, "onExitCode", path, report);
  const JsonValue* action = require_field(value, "action", path, report);
  const auto text = action ? read_string(*action, path.field("action"), report) : std::nullopt;
  if (!text) return rule;
  if (upper(*text) == "EXIT")
    rule.action = model::RetryAction::Exit;
  else if (upper(*text) != "RETRY")
    report.add(path.field("action"), "'" + *text + "' must be RETRY or EXIT");
  return rule;
}

void read_memory_growth(const JsonValue& value, const Path& path, model::RetryStrategy& strategy,
                        const Report& report) {
  const JsonValue* multiplier = value.find("memoryMultiplier");
  if (multiplier) {
    const auto number =
        read_number(*multiplier, path.field("memoryMultiplier"), {1, kMultiplierMax}, report);
    if (number) strategy.memory_multiplier = *number;
  }
  const JsonValue* most = value.find("memoryMax");
  if (!most) return;
  const Path place = path.field("memoryMax");
  if (!multiplier) report.add(place, "bounds what 'memoryMultiplier' makes, which is missing");
  if (const auto amount = read_quantity(*most, place, {kMemoryMin, kMemoryMax}, report))
    strategy.memory_max_mib = static_cast<std::uint64_t>(*amount);
}

}  // namespace

model::RetryStrategy read_retry_strategy(const JsonValue& value, const Path& path,
                                         const Report& report) {
  static constexpr std::string_view kSupported[] = {"attempts", "evaluateOnExit",
                                                    "memoryMultiplier", "memoryMax"};
  model::RetryStrategy strategy;
  if (!read_object(value, path, {kSupported, {}, {}}, report)) return strategy;
  const JsonValue* attempts = value.find("attempts");
  const JsonValue* rules = value.find("evaluateOnExit");
  read_memory_growth(value, path, strategy, report);
  if (attempts) {
    const auto count =
        read_integer(*attempts, path.field("attempts"), {1, model::kAttemptsMax}, report);
    if (count) strategy.attempts = static_cast<std::uint32_t>(*count);
  } else if (rules || value.find("memoryMultiplier")) {
    report.add(path, "'attempts' is missing: '" +
                         std::string(rules ? "evaluateOnExit" : "memoryMultiplier") + "' needs it");
  }
  if (!rules) return strategy;
  const Path place = path.field("evaluateOnExit");
  const JsonArray* array = read_array(*rules, place, report);
  if (array && array->size() > kRulesMax)
    report.add(place, "has more than " + std::to_string(kRulesMax) + " entries");
  for (std::size_t i = 0; array && i < array->size(); ++i)
    strategy.rules.push_back(read_rule((*array)[i], place.item(i), report));
  return strategy;
}

}  // namespace mpibatch::plan
