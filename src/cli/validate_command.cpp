#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <mpibatch/plan/load.hpp>

#include "cli/child_plan.hpp"
#include "cli/command.hpp"
#include "cli/job_reference.hpp"
#include "cli/output.hpp"
#include "cli/plan_summary.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

struct ValidateOptions {
  std::string tasks;
  std::string sheet;
  std::string show;
  std::vector<std::string> words;  // the plan, or with a list or a sheet the command
  bool json = false;
};

int show(const ValidateOptions& options, const model::Plan& plan) {
  const auto place = find_job(plan, options.show);
  if (!place) return report(place.error());
  return print_or_report(options.json ? child_plan_json(plan, *place)
                                      : child_plan_text(plan, *place));
}

plan::Loaded<plan::LoadedPlan> load(const ValidateOptions& options, const FileSystem& files) {
  plan::TaskOptions tasks;
  tasks.command = options.words;
  if (!options.tasks.empty()) return plan::load_tasks(files, options.tasks, tasks);
  if (!options.sheet.empty()) return plan::load_sheet(files, options.sheet, tasks);
  return plan::load_plan(files, options.words.front());
}

int validate(const ValidateOptions& options, const FileSystem& files) {
  const bool plan = options.tasks.empty() && options.sheet.empty();
  if (plan && options.words.size() > 1)
    return report(
        {ErrorKind::Usage, "one plan at a time; a command goes with --tasks or --parameters"});
  if (plan ? options.words.empty() : !options.tasks.empty() && !options.sheet.empty())
    return report({ErrorKind::Usage,
                   "name a plan, --tasks FILE or --parameters FILE (see `mpibatch validate "
                   "--help`)"});
  const std::string& source = plan                     ? options.words.front()
                              : !options.tasks.empty() ? options.tasks
                                                       : options.sheet;
  const auto loaded = load(options, files);
  if (loaded && !options.show.empty()) return show(options, loaded->plan);
  if (options.json) {
    const int printed = print_or_report(loaded ? plan_json(source, loaded->plan)
                                               : plan_errors_json(source, loaded.error()));
    return loaded ? printed : kBadUsage;
  }
  if (loaded) {
    for (const std::string& notice : loaded->notices) warn(notice);
    return print_or_report(plan_text(source, loaded->plan));
  }
  for (const plan::PlanError& error : loaded.error())
    fmt::print(stderr, "{}\n", plan::to_string(error));
  fmt::print(stderr, "mpibatch: {} has {}\n", source == "-" ? "standard input" : source,
             counted(loaded.error().size(), "error"));
  return kBadUsage;
}

}  // namespace

void add_validate(CLI::App& app, Context& context) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command = app.add_subcommand("validate", "check a plan and show what it would run");
  command
      ->add_option("PLAN", options->words,
                   "the plan's file; with --tasks or --parameters, after --: the command")
      ->type_name("");
  command
      ->add_option("--tasks", options->tasks,
                   "a list of commands, one a line; - reads standard input")
      ->type_name("FILE");
  command->add_option("--parameters", options->sheet, "a sheet, one task a row")->type_name("FILE");
  command
      ->add_option("--show", options->show,
                   "what this job, or this child (JOB:KEY), would run: command, environment, "
                   "folder, resources")
      ->type_name("JOB");
  add_json_option(*command, options->json);
  command->footer(
      "Examples:\n"
      "  mpibatch validate plan.json\n"
      "  mpibatch validate plan.json --show align:NA017\n"
      "Exit code: 0 the plan is good, 2 it is not: each error is a line with its place.");
  command->callback([options, &context] { context.exit_code = validate(*options, context.files); });
}

}  // namespace mpibatch::cli
