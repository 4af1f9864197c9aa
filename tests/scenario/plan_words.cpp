#include "scenario/plan_words.hpp"

#include "scenario/words.hpp"

namespace mpibatch::scenario {

namespace {

// retry-if or exit-if, then conditions: code=PATTERN reason=PATTERN status=PATTERN
model::RetryRule rule_of(Words& words, model::RetryAction action) {
  model::RetryRule rule;
  rule.action = action;
  std::string value;
  while (true) {
    if (words.take_value("code", value)) {
      rule.on_exit_code = value;
    } else if (words.take_value("reason", value)) {
      rule.on_reason = value;
    } else if (words.take_value("status", value)) {
      rule.on_status_reason = value;
    } else {
      return rule;
    }
  }
}

testing::JobBuilder job_of(Words& words) {
  testing::JobBuilder job(words.next());
  while (!words.empty()) {
    if (words.take("array")) {
      job.array(static_cast<model::ChildIndex>(words.number()));
    } else if (words.take("keys")) {
      job.keys(words.list());
    } else if (words.take("vcpus")) {
      job.vcpus(static_cast<std::uint32_t>(words.number()));
    } else if (words.take("memory")) {
      job.memory(words.number());
    } else if (words.take("queue")) {
      job.queue(words.next());
    } else if (words.take("after")) {
      for (const std::string& name : words.list()) job.after(name);
    } else if (words.take("n-to-n")) {
      job.n_to_n(words.next());
    } else if (words.take("sequential")) {
      job.sequential();
    } else if (words.take("attempts")) {
      job.attempts(static_cast<std::uint32_t>(words.number()));
    } else if (words.take("retry-if")) {
      job.rule(rule_of(words, model::RetryAction::Retry));
    } else if (words.take("exit-if")) {
      job.rule(rule_of(words, model::RetryAction::Exit));
    } else {
      words.end();
    }
  }
  return job;
}

}  // namespace

testing::PlanBuilder plan_of(const std::vector<std::string>& lines) {
  testing::PlanBuilder plan;
  for (const std::string& line : lines) {
    Words words(line);
    if (words.take("queue")) {
      std::string name = words.next();
      plan.queues.push_back({std::move(name), static_cast<std::uint32_t>(words.number())});
    } else if (words.take("job")) {
      plan.jobs.push_back(job_of(words));
    } else {
      words.end();
    }
  }
  return plan;
}

}  // namespace mpibatch::scenario
