#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <mpibatch/plan/load.hpp>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/plan_summary.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

struct Options {
  std::string plan;
  std::string tasks;
  bool json = false;
};

int validate(const Options& options, const FileSystem& files) {
  if (options.plan.empty() == options.tasks.empty())
    return report(
        {ErrorKind::Usage, "name a plan, or --tasks FILE (see `mpibatch validate --help`)"});
  const std::string& source = options.plan.empty() ? options.tasks : options.plan;
  const auto loaded = options.tasks.empty() ? plan::load_plan(files, options.plan)
                                            : plan::load_tasks(files, options.tasks, {});
  if (options.json) {
    const int printed = print_or_report(loaded ? plan_json(source, loaded->plan)
                                               : plan_errors_json(source, loaded.error()));
    return loaded ? printed : kBadUsage;
  }
  if (loaded) return print_or_report(plan_text(source, loaded->plan));
  for (const plan::PlanError& error : loaded.error())
    fmt::print(stderr, "{}\n", plan::to_string(error));
  fmt::print(stderr, "mpibatch: {} has {}\n", source, counted(loaded.error().size(), "error"));
  return kBadUsage;
}

}  // namespace

void add_validate(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("validate", "check a plan and show what it would run");
  command->add_option("PLAN", options->plan, "the plan's file")->type_name("");
  command
      ->add_option("--tasks", options->tasks,
                   "a list of commands, one a line; - reads standard input")
      ->type_name("FILE");
  add_json_option(*command, options->json);
  command->footer(
      "Example:\n"
      "  mpibatch validate plan.json\n"
      "Exit code: 0 the plan is good, 2 it is not: each error is a line with its place.");
  command->callback([options, &context] { context.exit_code = validate(*options, context.files); });
}

}  // namespace mpibatch::cli
