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

struct TerminateOptions {
  std::string state;
  std::string job;
  std::string reason;
};

int terminate(const TerminateOptions& options, PosixFileSystem& files) {
  if (auto good = check_reason(options.reason); !good) return report(good.error());
  const auto target = find_target(files, options.state, options.job);
  if (!target) return report(target.error());
  const std::uint64_t left = target->counts.total() - target->counts.terminal();
  if (left == 0)
    return print_or_report(
        fmt::format("nothing to terminate: '{}' has ended already\n", target->name));
  store::Request request = request_for(*target, store::RequestKind::Terminate);
  request.reason = options.reason.empty() ? "Terminated by " + user_name() : options.reason;
  return ask(files, target->run, request,
             fmt::format("to terminate '{}': {}, {} running", target->name, counted(left, "task"),
                         target->counts[model::ChildState::Running]));
}

}  // namespace

void add_terminate(CLI::App& app, Context& context) {
  auto options = std::make_shared<TerminateOptions>();
  CLI::App* command = app.add_subcommand(
      "terminate", "end a job, what runs of it as well, as AWS Batch's TerminateJob");
  command->add_option("JOB", options->job, "a job, or a child of an array: JOB:INDEX or JOB:KEY")
      ->type_name("")
      ->required();
  command->add_option("--reason", options->reason, "what statusReason is to say")
      ->type_name("TEXT");
  add_state_option(*command, options->state);
  command->footer(
      "Example:\n"
      "  mpibatch terminate align:NA017 --reason 'wrong sample'\n"
      "What runs gets SIGTERM, and SIGKILL after the run's --grace. It is FAILED then, and is not\n"
      "retried but by `mpibatch retry`.");
  command->callback(
      [options, &context] { context.exit_code = terminate(*options, context.files); });
}

}  // namespace mpibatch::cli
