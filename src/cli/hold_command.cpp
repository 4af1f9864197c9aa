#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include <mpibatch/base/random.hpp>

#include "cli/ask.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

struct HoldOptions {
  std::string state;
  std::string job;
  bool all = false;
};

int ask_all(const HoldOptions& options, PosixFileSystem& files, store::RequestKind kind,
            std::string_view verb) {
  const auto run = read_run(files, options.state);
  if (!run) return report(run.error());
  return ask(files, *run, request_of(kind), fmt::format("to {} all jobs", verb));
}

int hold_or_release(const HoldOptions& options, PosixFileSystem& files, store::RequestKind kind) {
  const std::string_view verb = kind == store::RequestKind::Hold ? "hold" : "release";
  if (options.all == !options.job.empty())
    return report(
        {ErrorKind::Usage, fmt::format("name a job, or --all (see `mpibatch {} --help`)", verb)});
  if (options.all) return ask_all(options, files, kind, verb);
  const auto target = find_target(files, options.state, options.job);
  if (!target) return report(target.error());
  const std::uint64_t left = target->counts.total() - target->counts.terminal();
  if (left == 0)
    return print_or_report(
        fmt::format("nothing to {}: '{}' has ended already\n", verb, target->name));
  return ask(files, target->run, request_for(*target, kind),
             fmt::format("to {} '{}': {}", verb, target->name,
                         counted(left, "task that has not ended", "tasks that have not ended")));
}

CLI::App* add(CLI::App& app, Context& context, store::RequestKind kind, const std::string& name,
              const std::string& words) {
  auto options = std::make_shared<HoldOptions>();
  CLI::App* command = app.add_subcommand(name, words);
  command->add_option("JOB", options->job, "a job, or a child of an array: JOB:INDEX or JOB:KEY")
      ->type_name("");
  command->add_flag("--all", options->all, "every job of the plan");
  add_state_option(*command, options->state);
  command->callback([options, kind, &context] {
    context.exit_code = hold_or_release(*options, context.files, kind);
  });
  return command;
}

}  // namespace

void add_hold(CLI::App& app, Context& context) {
  add(app, context, store::RequestKind::Hold, "hold", "let nothing more of a job start")
      ->footer(
          "Examples:\n"
          "  mpibatch hold align\n"
          "  mpibatch hold --all\n"
          "What runs already runs on; `mpibatch release` lets the rest go on.");
}

void add_release(CLI::App& app, Context& context) {
  add(app, context, store::RequestKind::Release, "release",
      "let a job that is held go on, whoever or whatever holds it")
      ->footer(
          "Examples:\n"
          "  mpibatch release align\n"
          "  mpibatch release --all\n"
          "Failures that hold it (maxFailures) are forgiven: they stay FAILED, and only new ones\n"
          "count. `mpibatch run` without a release retries them instead.");
}

}  // namespace mpibatch::cli
