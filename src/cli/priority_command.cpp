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

struct PriorityOptions {
  std::string state;
  std::string job;
  std::uint32_t priority = 0;
};

int set_priority(const PriorityOptions& options, PosixFileSystem& files) {
  const auto target = find_target(files, options.state, options.job);
  if (!target) return report(target.error());
  if (target->choice.child)
    return report({ErrorKind::Usage,
                   fmt::format("all children of an array have one priority: name the job, not '{}'",
                               target->name)});
  store::Request request = request_for(*target, store::RequestKind::Priority);
  request.priority = options.priority;
  return ask(files, target->run, request,
             fmt::format("to give '{}' priority {}", target->name, options.priority));
}

}  // namespace

void add_priority(CLI::App& app, Context& context) {
  auto options = std::make_shared<PriorityOptions>();
  CLI::App* command =
      app.add_subcommand("priority", "change a job's place in its queue, or in its share");
  command->add_option("JOB", options->job, "the job")->type_name("")->required();
  command->add_option("N", options->priority, "a higher one goes first")
      ->type_name("")
      ->required()
      ->check(CLI::Range(0U, model::kPriorityMax));
  add_state_option(*command, options->state);
  command->footer(
      "Example:\n"
      "  mpibatch priority sort 10\n"
      "It holds until the plan changes. Queues' own priorities come first.");
  command->callback(
      [options, &context] { context.exit_code = set_priority(*options, context.files); });
}

}  // namespace mpibatch::cli
