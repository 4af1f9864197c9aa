#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/ask.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

using model::ChildState;

struct RetryOptions {
  std::string state;
  std::string job;
  bool include_succeeded = false;
  bool dependents = false;
};

int retry(const RetryOptions& options, PosixFileSystem& files) {
  const auto target = find_target(files, options.state, options.job);
  if (!target) return report(target.error());
  const scheduler::Counts& counts = target->counts;
  const std::uint64_t again =
      options.include_succeeded ? counts.terminal() : counts.terminal() - counts.good();
  if (again == 0)
    return print_or_report(
        counts.good() > 0
            ? fmt::format("nothing to retry: nothing of '{}' has failed (--include-succeeded runs "
                          "good work again)\n",
                          target->name)
            : fmt::format("nothing to retry: nothing of '{}' has ended\n", target->name));
  store::Request request = request_for(*target, store::RequestKind::Retry);
  request.include_succeeded = options.include_succeeded;
  request.dependents = options.dependents;
  return ask(files, target->run, request,
             fmt::format("to retry '{}': {}{}", target->name, counted(again, "task"),
                         options.dependents ? ", and all that depends on it" : ""));
}

}  // namespace

void add_retry(CLI::App& app, Context& context) {
  auto options = std::make_shared<RetryOptions>();
  CLI::App* command =
      app.add_subcommand("retry", "run again what failed of a job, and what failed through it");
  command->add_option("JOB", options->job, "a job, or a child of an array: JOB:INDEX or JOB:KEY")
      ->type_name("")
      ->required();
  command->add_flag("--include-succeeded", options->include_succeeded, "what has SUCCEEDED, too");
  command->add_flag("--dependents", options->dependents,
                    "and all that depends on it, though it has SUCCEEDED");
  add_state_option(*command, options->state);
  command->footer(
      "Examples:\n"
      "  mpibatch retry align:NA017\n"
      "  mpibatch retry align --include-succeeded --dependents\n"
      "It has all its attempts again. During the run or after it: then the next `mpibatch run`\n"
      "does it.");
  command->callback([options, &context] { context.exit_code = retry(*options, context.files); });
}

}  // namespace mpibatch::cli
