#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include <mpibatch/base/random.hpp>
#include <mpibatch/store/request.hpp>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/rank_0.hpp"
#include "cli/reading.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

using model::ChildState;

constexpr std::size_t kReasonBytesMax = 1024;  // of AWS Batch's CancelJob
constexpr int kRequestDigits = 32;

struct Options {
  std::string state;
  std::string job;
  std::string reason;
};

std::string default_reason() {
  const passwd* user = ::getpwuid(::getuid());
  return fmt::format("Cancelled by {}",
                     user != nullptr ? std::string(user->pw_name) : std::to_string(::getuid()));
}

scheduler::Counts counts_of(const scheduler::Scheduler& core, const JobChoice& choice) {
  if (!choice.child) return core.counts(choice.job);
  scheduler::Counts counts;
  counts.of[static_cast<std::size_t>(core.state(choice.job, *choice.child))] = 1;
  return counts;
}

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

int cancel(const Options& options, PosixFileSystem& files) {
  if (options.reason.size() > kReasonBytesMax)
    return report({ErrorKind::Usage, fmt::format("--reason is longer than {} characters: AWS Batch "
                                                 "takes no more",
                                                 kReasonBytesMax)});
  const auto run = read_run(files, options.state);
  if (!run) return report(run.error());
  const auto plan = PlanCopy::load(files, run->folder, run->core());
  if (!plan) return report(plan.error());
  const auto choice = plan->find(options.job);
  if (!choice) return report(choice.error());
  const std::string name = plan->name(choice->job, choice->child);
  const scheduler::Counts counts = counts_of(run->core(), *choice);
  if (counts.terminal() == counts.total())
    return print_or_report(
        fmt::format("nothing to cancel: '{}' has ended already\n", printable(name)));

  store::Request request;
  request.id = random_hex(kRequestDigits);
  request.job = std::string(run->core().name(choice->job));
  request.revision = run->core().revision();
  if (choice->child) request.children = {{*choice->child, *choice->child + 1}};
  request.reason = options.reason.empty() ? default_reason() : options.reason;
  if (auto posted = store::post_request(files, run->folder, request); !posted)
    return report(posted.error());
  const auto rank_0 = find_rank_0(files, *run);
  if (!rank_0) return report(rank_0.error());
  const std::string what = fmt::format("to cancel '{}': {}", printable(name), outlook(counts));
  return print_or_report(
      rank_0->alive ? fmt::format("asked rank 0 on host '{}' (process {}) {}\n", rank_0->owner.host,
                                  rank_0->owner.pid, what)
                    : fmt::format("asked {}\nno rank 0 is running: it will be applied by the next "
                                  "`mpibatch run`\n",
                                  what));
}

}  // namespace

void add_cancel(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
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
      "What runs already runs on to its end.");
  command->callback([options, &context] { context.exit_code = cancel(*options, context.files); });
}

}  // namespace mpibatch::cli
