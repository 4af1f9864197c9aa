#include "scenario/plan_words.hpp"

#include <algorithm>
#include <map>

#include "scenario/words.hpp"

namespace mpibatch::scenario {

namespace {

using testing::JobBuilder;
using testing::PlanBuilder;

// The place of `name` among what earlier lines of the plan have named.
template <class Things>
std::uint32_t place_of(const Things& things, const std::string& name) {
  const auto found = std::find_if(things.begin(), things.end(),
                                  [&](const auto& each) { return each.name == name; });
  if (found == things.end()) throw ScriptError("'" + name + "' is not named above");
  return static_cast<std::uint32_t>(found - things.begin());
}

model::ComputeEnvironment environment_of(Words& words) {
  model::ComputeEnvironment environment;
  environment.name = words.next();
  while (!words.empty()) {
    if (words.take("nodes")) {
      environment.hosts = words.list();
    } else if (words.take("features")) {
      environment.features = words.list();
    } else if (words.take("min-vcpus")) {
      environment.min_vcpus = static_cast<std::uint32_t>(words.number());
    } else if (words.take("max-vcpus")) {
      environment.max_vcpus = static_cast<std::uint32_t>(words.number());
    } else if (words.take("disabled")) {
      environment.enabled = false;
    } else {
      words.end();
    }
  }
  return environment;
}

model::FairSharePolicy policy_of(Words& words) {
  model::FairSharePolicy policy;
  policy.name = words.next();
  while (!words.empty()) {
    if (words.take("decay")) {
      policy.decay = words.duration();
    } else if (words.take("reservation")) {
      policy.compute_reservation = static_cast<std::uint32_t>(words.number());
    } else if (words.take("weight")) {
      std::string share = words.next();
      policy.weights.emplace_back(std::move(share), words.fraction());
    } else {
      words.end();
    }
  }
  return policy;
}

model::Consumable consumable_of(Words& words) {
  model::Consumable consumable;
  consumable.name = words.next();
  consumable.total = words.number();
  consumable.replenishable = !words.take("non-replenishable");
  words.end();
  return consumable;
}

model::Queue queue_of(Words& words, const PlanBuilder& plan) {
  model::Queue queue;
  queue.name = words.next();
  queue.priority = static_cast<std::uint32_t>(words.number());
  while (!words.empty()) {
    if (words.take("on")) {
      for (const std::string& name : words.list())
        queue.environments.push_back(place_of(plan.environments, name));
    } else if (words.take("policy")) {
      queue.policy = place_of(plan.policies, words.next());
    } else if (words.take("limit")) {
      const Duration most = words.duration();
      queue.time_limits.push_back({words.next(), most});
    } else {
      words.end();
    }
  }
  return queue;
}

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

// N [main M] [together] [exclusive] [range A-B [vcpus N] [memory MIB] [gpus N]]…, without ranges:
// all members ask for what the job says.
void gang_of(Words& words, JobBuilder& job) {
  job.gang(static_cast<std::uint32_t>(words.number()), job.spec.resources);
  model::Gang& gang = *job.spec.gang;
  bool ranges = false;
  while (!words.empty()) {
    if (words.take("main")) {
      gang.main = static_cast<std::uint32_t>(words.number());
    } else if (words.take("together")) {
      gang.spread = false;
    } else if (words.take("exclusive")) {
      gang.exclusive = true;
    } else if (words.take("range")) {
      if (!std::exchange(ranges, true)) gang.ranges.clear();
      const model::Ranges members = words.children();
      model::GangRange range{members.front().begin, members.back().end, {}};
      if (words.take("vcpus")) range.each.vcpus = static_cast<std::uint32_t>(words.number());
      if (words.take("memory")) range.each.memory_mib = words.number();
      if (words.take("gpus")) range.each.gpus = static_cast<std::uint32_t>(words.number());
      gang.ranges.push_back(range);
    } else {
      break;
    }
  }
  for (const model::GangRange& range : gang.ranges)
    if (gang.main >= range.begin && gang.main < range.end) job.spec.resources = range.each;
}

// JOB or JOB:CHILD, of each of them.
void after(Words& words, model::DependencyType type, JobBuilder& job) {
  for (const std::string& what : words.list()) {
    const std::size_t colon = what.find(':');
    if (colon == std::string::npos) {
      job.edges.push_back({what, type});
    } else {
      const auto child = static_cast<model::ChildIndex>(Words(what.substr(colon + 1)).number());
      job.after_child(what.substr(0, colon), child, type);
    }
  }
}

std::string group_name(const JobBuilder& job, model::ChildIndex child) {
  const std::string key = job.key(child);
  return key.substr(0, key.find('.'));
}

// Children are matched by their keys up to the first dot.
model::MatchGroups groups_between(const JobBuilder& awaited, const JobBuilder& waiting) {
  std::map<std::string, std::uint32_t> numbers;
  model::MatchGroups groups;
  for (model::ChildIndex child = 0; child < waiting.spec.size; ++child) {
    const auto next = static_cast<std::uint32_t>(numbers.size());
    groups.waiting.push_back(numbers.try_emplace(group_name(waiting, child), next).first->second);
  }
  groups.groups = static_cast<std::uint32_t>(numbers.size());
  for (model::ChildIndex child = 0; child < awaited.spec.size; ++child) {
    const auto found = numbers.find(group_name(awaited, child));
    groups.awaited.push_back(found == numbers.end() ? model::kNoGroup : found->second);
  }
  for (const std::uint32_t group : groups.waiting)
    if (std::find(groups.awaited.begin(), groups.awaited.end(), group) == groups.awaited.end())
      throw ScriptError("a child of '" + waiting.spec.name + "' has no match");
  return groups;
}

// What it waits for. False: the next word is about something else.
bool edge(Words& words, JobBuilder& job, const PlanBuilder& plan) {
  if (words.take("after")) {
    after(words, model::DependencyType::All, job);
  } else if (words.take("after-any")) {
    after(words, model::DependencyType::AfterAny, job);
  } else if (words.take("after-failure")) {
    after(words, model::DependencyType::AfterFailure, job);
  } else if (words.take("n-to-n")) {
    job.n_to_n(words.next());
  } else if (words.take("sequential")) {
    job.sequential();
  } else if (words.take("match")) {
    const std::string name = words.next();
    const auto awaited = std::find_if(plan.jobs.begin(), plan.jobs.end(),
                                      [&](const auto& each) { return each.spec.name == name; });
    if (awaited == plan.jobs.end()) throw ScriptError("'" + name + "' is not named above");
    job.match(name, groups_between(*awaited, job));
  } else {
    return false;
  }
  return true;
}

// What it asks for, and where.
bool wish(Words& words, JobBuilder& job) {
  if (words.take("vcpus")) {
    job.vcpus(static_cast<std::uint32_t>(words.number()));
  } else if (words.take("memory")) {
    job.memory(words.number());
  } else if (words.take("gpus")) {
    job.gpus(static_cast<std::uint32_t>(words.number()));
  } else if (words.take("gang")) {
    gang_of(words, job);
  } else if (words.take("queue")) {
    job.queue(words.next());
  } else if (words.take("share")) {
    job.share(words.next());
  } else if (words.take("priority")) {
    job.priority(static_cast<std::uint32_t>(words.number()));
  } else if (words.take("constraint")) {
    job.on(words.next());
  } else if (words.take("takes")) {
    const std::uint64_t quantity = words.number();
    job.takes(words.next(), quantity);
  } else {
    return false;
  }
  return true;
}

// When it runs, and what becomes of failures.
bool limit(Words& words, JobBuilder& job) {
  if (words.take("max-concurrent")) {
    job.max_concurrent(words.number());
  } else if (words.take("max-failures")) {
    job.max_failures(words.number());
  } else if (words.take("not-before")) {
    job.not_before(words.duration());
  } else if (words.take("expected")) {
    job.expected(words.duration());
  } else if (words.take("attempts")) {
    job.attempts(static_cast<std::uint32_t>(words.number()));
  } else if (words.take("retry-if")) {
    job.rule(rule_of(words, model::RetryAction::Retry));
  } else if (words.take("exit-if")) {
    job.rule(rule_of(words, model::RetryAction::Exit));
  } else if (words.take("memory-times")) {
    const double multiplier = words.fraction();
    job.memory_times(multiplier, words.take("up-to") ? words.number() : 0);
  } else {
    return false;
  }
  return true;
}

JobBuilder job_of(Words& words, const PlanBuilder& plan) {
  JobBuilder job(words.next());
  while (!words.empty()) {
    if (words.take("array")) {
      job.array(static_cast<model::ChildIndex>(words.number()));
    } else if (words.take("keys")) {
      job.keys(words.list());
    } else if (!edge(words, job, plan) && !wish(words, job) && !limit(words, job)) {
      words.end();
    }
  }
  return job;
}

}  // namespace

PlanBuilder plan_of(const std::vector<std::string>& lines) {
  PlanBuilder plan;
  for (const std::string& line : lines) {
    Words words(line);
    if (words.take("environment")) {
      plan.environments.push_back(environment_of(words));
    } else if (words.take("policy")) {
      plan.policies.push_back(policy_of(words));
    } else if (words.take("consumable")) {
      plan.consumables.push_back(consumable_of(words));
    } else if (words.take("queue")) {
      plan.queues.push_back(queue_of(words, plan));
    } else if (words.take("max-failures")) {
      plan.max_failures = words.number();
    } else if (words.take("job")) {
      plan.jobs.push_back(job_of(words, plan));
    }
    words.end();
  }
  return plan;
}

}  // namespace mpibatch::scenario
