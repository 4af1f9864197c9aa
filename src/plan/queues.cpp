#include "plan/queues.hpp"

#include <algorithm>

#include "plan/definition.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

void Queues::read(const JsonValue& value, const Path& path, const Report& report) {
  const JsonArray* array = read_array(value, path, report);
  for (std::size_t i = 0; array && i < array->size(); ++i)
    read_one((*array)[i], path.item(i), report);
}

void Queues::read_one(const JsonValue& value, const Path& path, const Report& report) {
  static constexpr std::string_view kSupported[] = {"jobQueueName", "priority", "state", "tags"};
  static constexpr std::string_view kRefused[] = {"computeEnvironmentOrder",
                                                  "jobQueueArn",
                                                  "jobQueueType",
                                                  "jobStateTimeLimitActions",
                                                  "schedulingPolicyArn",
                                                  "schedulingPolicy",
                                                  "maxFailures",
                                                  "serviceEnvironmentOrder",
                                                  "status",
                                                  "statusReason"};
  if (!read_object(value, path, {kSupported, kRefused, {}}, report)) return;
  check_tags(value, path, report);
  model::Queue queue;
  if (const JsonValue* priority = value.find("priority")) {
    const auto number = read_integer(*priority, path.field("priority"), {0, INT32_MAX}, report);
    if (number) queue.priority = static_cast<std::uint32_t>(*number);
  }
  if (const JsonValue* state = value.find("state")) {
    const auto text = read_string(*state, path.field("state"), report);
    if (text == "DISABLED")
      report.add(path.field("state"), "'DISABLED' is not supported yet");
    else if (text && *text != "ENABLED")
      report.add(path.field("state"), "'" + *text + "' must be ENABLED");
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
  std::vector<std::string> known;
  for (const model::Queue& queue : queues_) known.push_back(queue.name);
  if (std::find(known.begin(), known.end(), kDefaultQueue) == known.end())
    known.emplace_back(kDefaultQueue);
  report.add(path, "queue '" + name + "' is unknown" + known_names(name, known));
  return std::nullopt;
}

}  // namespace mpibatch::plan
