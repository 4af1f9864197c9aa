#include "cli/plan_summary.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <mpibatch/base/shell_quote.hpp>

#include "cli/json_text.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::size_t kShownCommands = 2;  // of an array
constexpr std::size_t kCommandBytesMax = 160;

using Words = std::vector<std::string>;

std::string_view type_text(model::DependencyType type) {
  switch (type) {
    case model::DependencyType::All:
      return "";
    case model::DependencyType::Sequential:
      return "SEQUENTIAL";
    case model::DependencyType::NToN:
      return "N_TO_N";
    case model::DependencyType::Match:
      return "MATCH";
    case model::DependencyType::AfterAny:
      return "AFTER_ANY";
    case model::DependencyType::AfterFailure:
      return "AFTER_FAILURE";
  }
  return "";
}

std::string name_of(const model::Plan& plan, model::JobId id) {
  return plan.jobs[model::number_of(id)].spec.name;
}

// "align", "align:NA017"
std::string awaited_text(const model::Plan& plan, const model::Dependency& dependency) {
  const std::string name = name_of(plan, dependency.job);
  if (dependency.child == model::kAllChildren) return name;
  return fmt::format("{}:{}", name,
                     model::key_of(plan.jobs[model::number_of(dependency.job)], dependency.child));
}

std::string dependencies_text(const model::Plan& plan, const model::JobSpec& spec) {
  std::string text;
  for (const model::Dependency& dependency : spec.depends_on) {
    if (!text.empty()) text += ", ";
    if (dependency.type == model::DependencyType::Sequential) {
      text += type_text(dependency.type);
      continue;
    }
    text += awaited_text(plan, dependency);
    if (dependency.type != model::DependencyType::All)
      text += fmt::format(" {}", type_text(dependency.type));
  }
  return text;
}

// Text that came from a file, as JSON may hold it.
nlohmann::json commands_json(const model::PlannedJob& job) {
  auto commands = nlohmann::json::array();
  const std::size_t shown = std::min<std::size_t>(job.spec.size, kShownCommands);
  for (model::ChildIndex child = 0; child < shown; ++child) {
    nlohmann::json one{{"command", command_words(job, child)}};
    if (job.spec.array) {
      one["index"] = child;
      one["key"] = model::key_of(job, child);
    }
    commands.push_back(std::move(one));
  }
  return commands;
}

std::uint64_t tasks_of(const model::Plan& plan) {
  std::uint64_t tasks = 0;
  for (const model::PlannedJob& job : plan.jobs) tasks += job.spec.size;
  return tasks;
}

std::string line_end_cut(std::string text) {
  text = printable(text);
  if (text.size() <= kCommandBytesMax) return text;
  std::size_t end = kCommandBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parameters_of(const model::PlannedJob& job,
                                                               model::ChildIndex child) {
  std::vector<std::pair<std::string, std::string>> values;
  if (job.parameters) {
    Words row = job.parameters->values(child);
    const Words& names = job.parameters->names();
    for (std::size_t i = 0; i < names.size() && i < row.size(); ++i)
      values.emplace_back(names[i], std::move(row[i]));
  }
  const auto& shared = job.execution.parameters;
  values.insert(values.end(), shared.begin(), shared.end());
  return values;
}

std::vector<std::string> command_words(const model::PlannedJob& job, model::ChildIndex child) {
  const auto values = parameters_of(job, child);
  Words words;
  for (const std::string& word : job.execution.command)
    words.push_back(model::substitute_parameters(word, values));
  return words;
}

std::string command_text(const model::PlannedJob& job, model::ChildIndex child) {
  const Words words = command_words(job, child);
  if (job.execution.task_line && !words.empty()) return words.front();
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quote(word);
  return text;
}

std::string plan_text(const std::string& source, const model::Plan& plan) {
  Table jobs({{"JOB"},
              {"QUEUE"},
              {"CHILDREN", Align::Right},
              {"VCPUS", Align::Right},
              {"MEMORY", Align::Right},
              {"GPUS", Align::Right},
              {"AFTER"}});
  std::string commands;
  for (const model::PlannedJob& job : plan.jobs) {
    const model::JobSpec& spec = job.spec;
    const std::uint64_t memory = spec.resources.memory_mib;
    jobs.add({spec.name, plan.rules.queues[spec.queue].name,
              spec.array ? std::to_string(spec.size) : "", std::to_string(spec.resources.vcpus),
              memory == 0 ? "" : fmt::format("{} MiB", memory),
              spec.resources.gpus == 0 ? "" : std::to_string(spec.resources.gpus),
              dependencies_text(plan, spec)});
    const std::size_t shown = std::min<std::size_t>(spec.size, kShownCommands);
    for (model::ChildIndex child = 0; child < shown; ++child) {
      const std::string key = model::key_of(job, child);
      const std::string name = spec.array ? fmt::format("{}:{}", spec.name, key) : spec.name;
      commands += fmt::format("  {}\n      {}\n", line_end_cut(name),
                              line_end_cut(command_text(job, child)));
    }
    if (spec.size > shown)
      commands += fmt::format("  … and {} of '{}'\n",
                              counted(spec.size - shown, "more child", "more children"), spec.name);
  }
  return fmt::format("{} is good: {}, {} in {}\n\n{}\nFirst commands:\n{}", source,
                     counted(plan.jobs.size(), "job"), counted(tasks_of(plan), "task"),
                     counted(plan.rules.queues.size(), "queue"), jobs.text(), commands);
}

std::string plan_json(const std::string& source, const model::Plan& plan) {
  auto jobs = nlohmann::json::array();
  for (const model::PlannedJob& job : plan.jobs) {
    const model::JobSpec& spec = job.spec;
    auto depends_on = nlohmann::json::array();
    for (const model::Dependency& dependency : spec.depends_on) {
      auto one = nlohmann::json::object();
      if (dependency.type != model::DependencyType::Sequential)
        one["jobId"] = awaited_text(plan, dependency);
      if (dependency.type != model::DependencyType::All) one["type"] = type_text(dependency.type);
      depends_on.push_back(std::move(one));
    }
    nlohmann::json entry{{"jobName", spec.name},
                         {"jobQueue", plan.rules.queues[spec.queue].name},
                         {"vcpus", spec.resources.vcpus},
                         {"memory", spec.resources.memory_mib},
                         {"gpus", spec.resources.gpus},
                         {"dependsOn", std::move(depends_on)},
                         {"firstCommands", commands_json(job)}};
    if (spec.array) entry["arrayProperties"] = {{"size", spec.size}};
    jobs.push_back(std::move(entry));
  }
  auto queues = nlohmann::json::array();
  for (const model::Queue& queue : plan.rules.queues)
    queues.push_back({{"jobQueueName", queue.name}, {"priority", queue.priority}});
  return indented_json(nlohmann::json{{"plan", source},
                                      {"valid", true},
                                      {"tasks", tasks_of(plan)},
                                      {"jobQueues", std::move(queues)},
                                      {"jobs", std::move(jobs)}});
}

std::string plan_errors_json(const std::string& source,
                             const std::vector<plan::PlanError>& errors) {
  auto list = nlohmann::json::array();
  for (const plan::PlanError& error : errors)
    list.push_back({{"where", error.where}, {"message", error.message}});
  return indented_json(
      nlohmann::json{{"plan", source}, {"valid", false}, {"errors", std::move(list)}});
}

}  // namespace mpibatch::cli
