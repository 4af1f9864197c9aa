#include "plan/queues.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "plan/definition.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::size_t kEnvironmentsMax = 3;
// What can keep a job at the head of its queue from starting.
constexpr std::string_view kReasons[] = {"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
                                         "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
                                         "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"};

void read_time_limit(const JsonValue& value, const Path& path, model::Queue& queue,
                     const Report& report) {
  static constexpr std::string_view kFields[] = {"reason", "state", "maxTimeSeconds", "action"};
  static constexpr std::string_view kStates[] = {"RUNNABLE"};
  static constexpr std::string_view kActions[] = {"CANCEL"};
  if (!read_object(value, path, {kFields, {}, {}}, report)) return;
  const JsonValue* reason = require_field(value, "reason", path, report);
  const JsonValue* state = require_field(value, "state", path, report);
  const JsonValue* most = require_field(value, "maxTimeSeconds", path, report);
  const JsonValue* action = require_field(value, "action", path, report);
  if (state) read_word(*state, path.field("state"), kStates, report);
  if (action) read_word(*action, path.field("action"), kActions, report);
  const auto text = reason ? read_string(*reason, path.field("reason"), report) : std::nullopt;
  const auto seconds =
      most ? read_integer(*most, path.field("maxTimeSeconds"), {1, INT32_MAX}, report)
           : std::nullopt;
  if (!text) return;
  // The code counts; what AWS says behind it may be left out.
  const std::string code = text->substr(0, text->find(" - "));
  if (std::find(std::begin(kReasons), std::end(kReasons), code) == std::end(kReasons))
    report.add(path.field("reason"), "'" + *text + "' must be " + join(kReasons, " or "));
  else if (seconds)
    queue.time_limits.push_back({*text, std::chrono::seconds(*seconds)});
}

}  // namespace

void Queues::read(const JsonValue& value, const Path& path, const Report& report) {
  const JsonArray* array = read_array(value, path, report);
  for (std::size_t i = 0; array && i < array->size(); ++i)
    read_one((*array)[i], path.item(i), report);
}

void Queues::read_environments(const JsonValue& value, const Path& path, model::Queue& queue,
                               const Report& report) const {
  static constexpr std::string_view kFields[] = {"order", "computeEnvironment"};
  const JsonArray* array = read_array(value, path, report);
  if (!array) return;
  // None would mean all nodes.
  if (array->empty()) report.add(path, "is empty: leave it out for all nodes");
  if (array->size() > kEnvironmentsMax)
    report.add(path, "has more than " + std::to_string(kEnvironmentsMax) + " entries");
  std::map<std::int64_t, std::uint32_t> ordered;
  for (std::size_t i = 0; i < std::min(array->size(), kEnvironmentsMax); ++i) {
    const JsonValue& entry = (*array)[i];
    const Path place = path.item(i);
    if (!read_object(entry, place, {kFields, {}, {}}, report)) continue;
    const JsonValue* order = require_field(entry, kFields[0], place, report);
    const JsonValue* name = require_field(entry, kFields[1], place, report);
    const auto number = order
                            ? read_integer(*order, place.field(kFields[0]), {0, INT32_MAX}, report)
                            : std::nullopt;
    const auto text = name ? read_string(*name, place.field(kFields[1]), report) : std::nullopt;
    const auto found =
        text ? environments_.find(*text, place.field(kFields[1]), report) : std::nullopt;
    if (!number || !found) continue;
    for (const auto& [other_order, other] : ordered)
      if (other == *found)
        report.add(place.field(kFields[1]), "compute environment '" + *text + "' is named twice");
    if (!ordered.emplace(*number, *found).second)
      report.add(place.field(kFields[0]), std::to_string(*number) + " is given twice");
  }
  for (const auto& [order, environment] : ordered) queue.environments.push_back(environment);
}

void Queues::read_one(const JsonValue& value, const Path& path, const Report& report) {
  static constexpr std::string_view kSupported[] = {"jobQueueName",
                                                    "priority",
                                                    "state",
                                                    "computeEnvironmentOrder",
                                                    "schedulingPolicy",
                                                    "schedulingPolicyArn",
                                                    "jobStateTimeLimitActions",
                                                    "tags"};
  static constexpr std::string_view kRefused[] = {
      "jobQueueArn", "jobQueueType", "serviceEnvironmentOrder", "status", "statusReason"};
  static constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
      {"maxFailures", "arrayProperties"}};
  static constexpr std::string_view kStates[] = {"ENABLED", "DISABLED"};
  if (!read_object(value, path, {kSupported, kRefused, kElsewhere}, report)) return;
  check_tags(value, path, report);
  model::Queue queue;
  if (const JsonValue* priority = value.find("priority")) {
    const auto number = read_integer(*priority, path.field("priority"), {0, INT32_MAX}, report);
    if (number) queue.priority = static_cast<std::uint32_t>(*number);
  }
  bool disabled = false;
  if (const JsonValue* state = value.find("state"))
    disabled = read_word(*state, path.field("state"), kStates, report) == 1;
  if (const JsonValue* order = value.find("computeEnvironmentOrder"))
    read_environments(*order, path.field("computeEnvironmentOrder"), queue, report);
  // AWS's field takes an ARN; ours, and AWS's here, the policy's name.
  const JsonValue* arn = value.find("schedulingPolicyArn");
  const JsonValue* policy = value.find("schedulingPolicy");
  if (arn && policy)
    report.add(path.field("schedulingPolicyArn"), "stands beside 'schedulingPolicy': write one");
  if (policy || arn) {
    const Path place = path.field(policy ? "schedulingPolicy" : "schedulingPolicyArn");
    const auto text = read_string(policy ? *policy : *arn, place, report);
    if (text) queue.policy = policies_.find(*text, place, report);
  }
  if (const JsonValue* actions = value.find("jobStateTimeLimitActions")) {
    const Path place = path.field("jobStateTimeLimitActions");
    const JsonArray* array = read_array(*actions, place, report);
    for (std::size_t i = 0; array && i < array->size(); ++i)
      read_time_limit((*array)[i], place.item(i), queue, report);
  }
  const JsonValue* name = require_field(value, "jobQueueName", path, report);
  const auto text = name ? read_string(*name, path.field("jobQueueName"), report) : std::nullopt;
  if (!text) return;
  if (auto fault = resource_name_fault(*text))
    report.add(path.field("jobQueueName"), std::move(*fault));
  const bool twice = std::any_of(queues_.begin(), queues_.end(),
                                 [&](const model::Queue& other) { return other.name == *text; });
  if (twice) report.add(path.field("jobQueueName"), "queue '" + *text + "' is there twice");
  if (twice) return;
  queue.name = *text;
  queues_.push_back(std::move(queue));
  disabled_.push_back(disabled);
}

std::uint32_t Queues::default_queue() {
  auto found = std::find_if(queues_.begin(), queues_.end(),
                            [](const model::Queue& queue) { return queue.name == kDefaultQueue; });
  if (found == queues_.end())
    found = queues_.insert(found, model::Queue{std::string(kDefaultQueue)});
  return static_cast<std::uint32_t>(found - queues_.begin());
}

std::optional<std::uint32_t> Queues::find(const std::string& name, const Path& path,
                                          const Report& report) {
  if (name == kDefaultQueue) return default_queue();
  for (std::size_t i = 0; i < queues_.size(); ++i)
    if (queues_[i].name == name) return static_cast<std::uint32_t>(i);
  report.add_unknown(path, "queue", name, [&] {
    std::vector<std::string> known = names_of(queues_);
    if (std::find(known.begin(), known.end(), kDefaultQueue) == known.end())
      known.emplace_back(kDefaultQueue);
    return known;
  });
  return std::nullopt;
}

}  // namespace mpibatch::plan
