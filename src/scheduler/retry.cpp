#include "scheduler/retry.hpp"

#include <string>

namespace mpibatch::scheduler {

bool matches(const std::string& pattern, const std::string& text) {
  if (pattern.ends_with('*'))
    return text.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  return text == pattern;
}

model::Verdict judge(const model::RetryStrategy& strategy, const model::AttemptEnd& end,
                     unsigned attempts_failed) {
  if (end.kind == model::EndKind::TimedOut || attempts_failed + 1 >= strategy.attempts)
    return model::Verdict::Failed;
  for (const model::RetryRule& rule : strategy.rules) {
    if (rule.on_status_reason && !matches(*rule.on_status_reason, model::status_reason(end)))
      continue;
    if (rule.on_reason && !matches(*rule.on_reason, end.reason)) continue;
    if (rule.on_exit_code && !matches(*rule.on_exit_code, std::to_string(model::exit_code(end))))
      continue;
    return rule.action == model::RetryAction::Retry ? model::Verdict::Retried
                                                    : model::Verdict::Failed;
  }
  return model::Verdict::Retried;
}

}  // namespace mpibatch::scheduler
