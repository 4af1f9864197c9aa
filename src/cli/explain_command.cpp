#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/ask.hpp"
#include "cli/command.hpp"
#include "cli/json_text.hpp"
#include "cli/output.hpp"
#include "cli/rank_0.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

struct ExplainOptions {
  std::string state;
  std::string job;
  bool json = false;
};

std::string explanation_json(const Target& target, const std::vector<std::string>& lines) {
  const scheduler::Scheduler& core = target.run.core();
  const auto& [job, child] = target.choice;
  const model::JobStatus status =
      child ? model::status_of(core.state(job, *child)) : core.status(job);
  nlohmann::json value{
      {"jobName", core.name(job)},
      {"status", model::to_string(status)},
      {"statusReason", child ? core.status_reason(job, *child) : core.status_reason(job)},
      {"reasons", lines}};
  if (child) value["arrayProperties"] = {{"index", *child}};
  return indented_json(value);
}

int explain(const ExplainOptions& options, const FileSystem& files) {
  end_with_the_reader();
  const auto target = find_target(files, options.state, options.job);
  if (!target) return report(target.error());
  const scheduler::Scheduler& core = target->run.core();
  const auto lines = core.explain(target->choice.job, target->choice.child, run_time(core.epoch()));
  if (options.json) return print_or_report(explanation_json(*target, lines));
  std::string text = target->name + "\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  if (target->counts.terminal() < target->counts.total()) {
    const auto rank_0 = find_rank_0(files, target->run);
    if (!rank_0) return report(rank_0.error());
    if (!rank_0->alive)
      text += "  no rank 0 is running: type the run's `mpibatch run` command again to go on\n";
  }
  return print_or_report(text);
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* command =
      app.add_subcommand("explain", "why a job, or a child of it, waits, and what is short");
  command->add_option("JOB", options->job, "a job, or a child of an array: JOB:INDEX or JOB:KEY")
      ->type_name("")
      ->required();
  add_state_option(*command, options->state);
  add_json_option(*command, options->json);
  command->footer(
      "Examples:\n"
      "  mpibatch explain align\n"
      "  mpibatch explain align:NA017 --json");
  command->callback([options, &context] { context.exit_code = explain(*options, context.files); });
}

}  // namespace mpibatch::cli
