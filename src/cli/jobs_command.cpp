#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "cli/child_views.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/reading.hpp"
#include "cli/state_option.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::uint64_t kRowsMax = 1000;  // of a table, unless --all
constexpr std::size_t kPrintBytes = std::size_t{1} << 16;

struct JobsOptions {
  std::string state;
  std::string job;
  std::string status;
  bool all = false;
  bool json = false;
};

int show_all_jobs(const JobsOptions& options, const RunReading& run,
                  std::optional<model::JobStatus> status) {
  std::vector<JobView> jobs = job_views(run.core());
  if (status) std::erase_if(jobs, [&](const JobView& job) { return job.status != *status; });
  return print_or_report(options.json ? jobs_json(jobs) : jobs_text(jobs));
}

// An object a line: an array may have millions of children.
Result<void> print_json(const std::vector<ChildView>& children) {
  std::string text = "{\"jobs\": [";
  for (std::size_t i = 0; i < children.size(); ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") + child_json(children[i]);
    if (text.size() < kPrintBytes) continue;
    if (auto printed = print(text); !printed) return printed;
    text.clear();
  }
  return print(text + "\n]}\n");
}

int show_children(const JobsOptions& options, const FileSystem& files, const RunReading& run,
                  std::optional<model::JobStatus> status) {
  const auto plan = PlanCopy::load(files, run.folder, run.core());
  if (!plan) return report(plan.error());
  const auto choice = plan->find(options.job);
  if (!choice) return report(choice.error());
  const bool whole = options.all || options.json;
  const auto chosen = choose_children(
      files, run, *plan, {choice->job, choice->child, status, whole ? UINT64_MAX : kRowsMax});
  if (!chosen) return report(chosen.error());
  for (const std::string& problem : chosen->problems) warn(problem);
  const auto printed =
      options.json ? print_json(chosen->children) : print(children_text(chosen->children));
  if (!printed) return report(printed.error());
  if (chosen->left_out > 0)
    warn(fmt::format("{} not shown: --all shows them, --status FAILED those that failed",
                     counted(chosen->left_out, "more child is", "more children are")));
  return kSucceeded;
}

int show_jobs(const JobsOptions& options, const FileSystem& files) {
  end_with_the_reader();
  std::optional<model::JobStatus> status;
  if (!options.status.empty()) {
    const auto parsed = parse_status(options.status);
    if (!parsed) return report(parsed.error());
    status = *parsed;
  }
  const auto run = read_run(files, options.state);
  if (!run) return report(run.error());
  return options.job.empty() ? show_all_jobs(options, *run, status)
                             : show_children(options, files, *run, status);
}

}  // namespace

void add_jobs(CLI::App& app, Context& context) {
  auto options = std::make_shared<JobsOptions>();
  CLI::App* command = app.add_subcommand("jobs", "the jobs of a run; of one job, every attempt");
  command->add_option("JOB", options->job, "a job, or a child of an array: JOB:INDEX or JOB:KEY")
      ->type_name("");
  command->add_option("--status", options->status, "only those that are, say, FAILED")
      ->type_name("STATUS");
  command->add_flag("--all", options->all, fmt::format("more than {} children, too", kRowsMax));
  add_state_option(*command, options->state);
  add_json_option(*command, options->json);
  command->footer(
      "Examples:\n"
      "  mpibatch jobs\n"
      "  mpibatch jobs align --status FAILED\n"
      "  mpibatch jobs align:NA017 --json");
  command->callback(
      [options, &context] { context.exit_code = show_jobs(*options, context.files); });
}

}  // namespace mpibatch::cli
