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

struct CancelOptions {
  std::string state;
  std::string job;
  std::string reason;
};

// What will come of it, as the state folder has it now.
std::string outlook(const scheduler::Counts& counts) {
  const std::uint64_t running = counts[ChildState::Running];
  const std::uint64_t waiting = counts.total() - counts.terminal() - running;
  std::string text =
      fmt::format("{} not started", counted(waiting, "task that has", "tasks that have"));
  if (running > 0)
    text += fmt::format("; {} to the end", counted(running, "task runs on", "tasks run on"));
  return text;
}

int cancel(const CancelOptions& options, PosixFileSystem& files) {
  if (auto good = check_reason(options.reason); !good) return report(good.error());
  const auto target = find_target(files, options.state, options.job);
  if (!target) return report(target.error());
  if (target->counts.terminal() == target->counts.total())
    return print_or_report(
        fmt::format("nothing to cancel: '{}' has ended already\n", target->name));
  store::Request request = request_for(*target, store::RequestKind::Cancel);
  request.reason = options.reason.empty() ? "Cancelled by " + user_name() : options.reason;
  return ask(files, target->run, request,
             fmt::format("to cancel '{}': {}", target->name, outlook(target->counts)));
}

}  // namespace

void add_cancel(CLI::App& app, Context& context) {
  auto options = std::make_shared<CancelOptions>();
  CLI::App* command =
      app.add_subcommand("cancel", "end what has not started of a job, as AWS Batch's CancelJob");
  command->add_option("JOB", options->job, "a job, or a child of an array: JOB:INDEX or JOB:KEY")
      ->type_name("")
      ->required();
  command->add_option("--reason", options->reason, "what statusReason is to say")
      ->type_name("TEXT");
  add_state_option(*command, options->state);
  command->footer(
      "Example:\n"
      "  mpibatch cancel align:NA017 --reason 'wrong sample'\n"
      "What runs already runs on to its end (`mpibatch terminate` ends it, too).");
  command->callback([options, &context] { context.exit_code = cancel(*options, context.files); });
}

}  // namespace mpibatch::cli
