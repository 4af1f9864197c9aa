#include "model/text.hpp"

#include <cstdlib>
#include <iterator>

#include <fmt/format.h>

namespace mpibatch::model {
namespace {

// " after 2(N_TO_N),1:7"
std::string dependency(const Dependency& dependency, const std::vector<MatchGroups>& matches) {
  std::string text = std::to_string(number_of(dependency.job));
  if (dependency.child != kAllChildren) text += fmt::format(":{}", dependency.child);
  switch (dependency.type) {
    case DependencyType::All:
      return text;
    case DependencyType::Sequential:
      return "SEQUENTIAL";
    case DependencyType::NToN:
      return text + "(N_TO_N)";
    case DependencyType::Match:
      if (dependency.match < matches.size())
        return fmt::format("{}(MATCH of {})", text, matches[dependency.match].groups);
      return text + "(MATCH)";
    case DependencyType::AfterAny:
      return text + "(AFTER_ANY)";
    case DependencyType::AfterFailure:
      return text + "(AFTER_FAILURE)";
  }
  return fmt::format("{}(type {})", text, static_cast<int>(dependency.type));
}

std::string gang(const Gang& gang) {
  std::string text = fmt::format(" gang of {}", gang.nodes);
  if (gang.main != 0) text += fmt::format(" main {}", gang.main);
  for (const GangRange& range : gang.ranges)
    text += fmt::format(" {}-{}({})", range.begin, range.end, resources_text(range.each).substr(1));
  if (!gang.spread) text += " together";
  if (gang.exclusive) text += " exclusive";
  return text;
}

std::string retry(const RetryStrategy& retry) {
  std::string text;
  if (retry.attempts != 1) text += fmt::format(" attempts {}", retry.attempts);
  if (retry.memory_multiplier != 1)
    text += fmt::format(" memory times {}", retry.memory_multiplier);
  if (retry.memory_max_mib != 0) text += fmt::format(" at most {} MiB", retry.memory_max_mib);
  return text;
}

std::string limits(const JobSpec& spec) {
  std::string text;
  if (spec.priority != 0) text += fmt::format(" priority {}", spec.priority);
  if (!spec.share.empty()) text += " share " + escaped(spec.share);
  for (std::size_t i = 0; i < spec.constraints.size(); ++i)
    text.append(i == 0 ? " on " : ",").append(escaped(spec.constraints[i]));
  for (const ConsumableUse& use : spec.consumables)
    text += fmt::format(" takes {} of {}", use.quantity, use.consumable);
  if (spec.max_concurrent != 0) text += fmt::format(" at a time {}", spec.max_concurrent);
  if (spec.max_failures) text += fmt::format(" failures {}", *spec.max_failures);
  if (spec.not_before != Duration{0}) text += " not before " + seconds_text(spec.not_before);
  if (spec.expected != Duration{0}) text += " expected " + seconds_text(spec.expected);
  return text;
}

std::string queue(const Queue& queue) {
  std::string text = fmt::format(" {}:{}", escaped(queue.name), queue.priority);
  for (std::size_t i = 0; i < queue.environments.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? ">" : ",", queue.environments[i]);
  if (queue.policy) text += fmt::format(" policy {}", *queue.policy);
  for (const TimeLimit& limit : queue.time_limits)
    text += fmt::format(" limit {} {}", seconds_text(limit.max), quoted(limit.reason));
  return text;
}

std::string environment(const ComputeEnvironment& environment) {
  std::string text = " " + escaped(environment.name);
  if (!environment.enabled) text += " disabled";
  if (environment.min_vcpus != 0) text += fmt::format(" min {}", environment.min_vcpus);
  if (environment.max_vcpus != 0) text += fmt::format(" max {}", environment.max_vcpus);
  for (const std::string& host : environment.hosts) text += " host " + escaped(host);
  for (const std::string& feature : environment.features) text += " with " + escaped(feature);
  return text;
}

std::string policy(const FairSharePolicy& policy) {
  std::string text = " " + escaped(policy.name);
  if (policy.decay != Duration{0}) text += " decay " + seconds_text(policy.decay);
  if (policy.compute_reservation != 0)
    text += fmt::format(" reservation {}%", policy.compute_reservation);
  for (const auto& [share, weight] : policy.weights)
    text += fmt::format(" {}={}", escaped(share), weight);
  return text;
}

}  // namespace

std::string escaped(std::string_view text, std::string_view special) {
  std::string line;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      if (special.find(c) != std::string_view::npos) line.push_back('\\');
      line.push_back(c);
    }
  }
  return line;
}

std::string quoted(std::string_view text) { return '"' + escaped(text, "\\\"") + '"'; }

std::string seconds_text(Duration duration) {
  constexpr std::int64_t kUsEach = 1'000'000;
  const std::int64_t us = duration.count();
  std::string text = fmt::format("{}{}", us < 0 ? "-" : "", std::abs(us / kUsEach));
  if (us % kUsEach != 0) {
    text += fmt::format(".{:06}", std::abs(us % kUsEach));
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "s";
}

std::string resources_text(const Resources& resources) {
  std::string text = fmt::format(" vcpus {}", resources.vcpus);
  if (resources.memory_mib != 0) text += fmt::format(" memory {} MiB", resources.memory_mib);
  if (resources.gpus != 0) text += fmt::format(" gpus {}", resources.gpus);
  return text;
}

std::string rules_text(const PlanRules& rules) {
  std::string text;
  for (const Queue& each : rules.queues) text += queue(each);
  if (!rules.environments.empty()) text += " environments";
  for (const ComputeEnvironment& each : rules.environments) text += environment(each);
  if (!rules.policies.empty()) text += " policies";
  for (const FairSharePolicy& each : rules.policies) text += policy(each);
  if (!rules.consumables.empty()) text += " consumables";
  for (const Consumable& each : rules.consumables)
    text +=
        fmt::format(" {}:{}{}", escaped(each.name), each.total, each.replenishable ? "" : " spent");
  if (rules.max_failures) text += fmt::format(" failures {}", *rules.max_failures);
  return text;
}

std::string adopted_text(const AdoptedJob& job) {
  const JobSpec& spec = job.spec;
  std::string text = fmt::format("{} {}", number_of(job.id), escaped(spec.name));
  if (spec.array) text += fmt::format("[{}]", spec.size);
  text += fmt::format(" queue {}", spec.queue) + resources_text(spec.resources);
  text += retry(spec.retry) + limits(spec);
  if (spec.gang) text += gang(*spec.gang);
  for (std::size_t i = 0; i < spec.depends_on.size(); ++i)
    text.append(i == 0 ? " after " : ",").append(dependency(spec.depends_on[i], spec.matches));
  for (std::size_t i = 0; i < job.kept.size(); ++i) {
    const Move& move = job.kept[i];
    text += fmt::format("{}{}+{}>{}", i == 0 ? " kept " : ",", move.from, move.count, move.to);
  }
  return text;
}

}  // namespace mpibatch::model
