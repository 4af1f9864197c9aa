#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/child_views.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/reading.hpp"
#include "cli/run_usage.hpp"
#include "cli/state_option.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::uint64_t kRowsMax = 1000;  // of a table, unless --all

struct JobsOptions {
  std::string state;
  std::string job;
  std::string status;
  bool all = false;
  bool usage = false;
  bool json = false;
  bool csv = false;
};

// An object a line: there may be millions.
class JsonList {
 public:
  explicit JsonList(std::string& to) : to_(to) { to_ += "{\"jobs\": ["; }
  void next() {
    to_ += first_ ? "\n  " : ",\n  ";
    first_ = false;
  }
  void end() { to_ += "\n]}\n"; }

 private:
  std::string& to_;
  bool first_ = true;
};

Result<void> print_jobs_json(std::vector<JobView>& jobs, const RunUsage* usage) {
  Printout out;
  JsonList list(out.text());
  for (JobView& job : jobs) {
    if (usage) job.usage = usage->of(job.id);
    list.next();
    out.text() += job_json(job);
    if (auto printed = out.print_much(); !printed) return printed;
  }
  list.end();
  return out.print_rest();
}

Result<void> print_jobs_csv(std::vector<JobView>& jobs, const RunUsage* usage) {
  Printout out;
  add_jobs_csv_header(out.text(), usage != nullptr);
  for (JobView& job : jobs) {
    if (usage) job.usage = usage->of(job.id);
    add_job_csv(out.text(), job);
    if (auto printed = out.print_much(); !printed) return printed;
  }
  return out.print_rest();
}

Result<void> print_jobs(const JobsOptions& options, std::vector<JobView>& jobs,
                        const RunUsage* usage) {
  if (options.json) return print_jobs_json(jobs, usage);
  if (options.csv) return print_jobs_csv(jobs, usage);
  if (!usage) return print(jobs_text(jobs));
  for (JobView& job : jobs) job.usage = usage->of(job.id);
  return print(jobs_usage_text(jobs));
}

int show_all_jobs(const JobsOptions& options, const FileSystem& files, const RunReading& run,
                  std::optional<model::JobStatus> status) {
  std::vector<JobView> jobs = job_views(run.core());
  if (status) std::erase_if(jobs, [&](const JobView& job) { return job.status != *status; });
  std::optional<RunUsage> usage;
  if (options.usage) {
    auto read = RunUsage::read(files, run, jobs);
    if (!read) return report(read.error());
    for (const std::string& problem : read->problems()) warn(problem);
    usage = std::move(*read);
  }
  const auto printed = print_jobs(options, jobs, usage ? &*usage : nullptr);
  return printed ? kSucceeded : report(printed.error());
}

// `next` writes a child; `usage`: those without one are left out.
Result<ChildrenRead> stream(const JobsOptions& options, const FileSystem& files,
                            const RunReading& run, const PlanCopy& plan, const ChildChoice& choice,
                            Printout& out, const std::function<void(const ChildView&)>& next) {
  Result<void> printed;
  ChildView used;
  auto read = for_each_child(files, run, plan, choice, [&](const ChildView& child) {
    if (!options.usage) {
      next(child);
    } else {
      used = child;
      std::erase_if(used.attempts, [](const store::Attempt& one) { return !has_usage(one); });
      if (!used.attempts.empty()) next(used);
    }
    printed = out.print_much();
    return printed.has_value();
  });
  if (!printed) return tl::unexpected(printed.error());
  return read;
}

Result<ChildrenRead> print_children(const JobsOptions& options, const FileSystem& files,
                                    const RunReading& run, const PlanCopy& plan,
                                    ChildChoice choice) {
  Printout out;
  Result<ChildrenRead> read;
  if (options.json) {
    JsonList list(out.text());
    read = stream(options, files, run, plan, choice, out, [&](const ChildView& child) {
      list.next();
      add_child_json(out.text(), child);
    });
    list.end();
  } else if (options.csv) {
    add_children_csv_header(out.text());
    read = stream(options, files, run, plan, choice, out,
                  [&](const ChildView& child) { add_child_csv(out.text(), child); });
  } else {
    if (!options.all) choice.most = kRowsMax;
    auto chosen = choose_children(files, run, plan, choice);
    if (!chosen) return tl::unexpected(chosen.error());
    read = ChildrenRead{chosen->left_out, std::move(chosen->problems)};
    out.text() =
        options.usage ? attempts_usage_text(chosen->children) : children_text(chosen->children);
  }
  if (!read) return read;
  if (auto printed = out.print_rest(); !printed) return tl::unexpected(printed.error());
  return read;
}

int show_children(const JobsOptions& options, const FileSystem& files, const RunReading& run,
                  std::optional<model::JobStatus> status) {
  const auto plan = PlanCopy::load(files, run.folder, run.core());
  if (!plan) return report(plan.error());
  const auto choice = plan->find(options.job);
  if (!choice) return report(choice.error());
  const auto read =
      print_children(options, files, run, *plan, {choice->job, choice->child, status, UINT64_MAX});
  if (!read) return report(read.error());
  for (const std::string& problem : read->problems) warn(problem);
  if (read->left_out > 0)
    warn(fmt::format("{} not shown: --all shows them, --status FAILED those that failed",
                     counted(read->left_out, "more child is", "more children are")));
  return kSucceeded;
}

int show_jobs(const JobsOptions& options, const FileSystem& files) {
  end_with_the_reader();
  if (options.json && options.csv) return report({ErrorKind::Usage, "--json or --csv, not both"});
  std::optional<model::JobStatus> status;
  if (!options.status.empty()) {
    const auto parsed = parse_status(options.status);
    if (!parsed) return report(parsed.error());
    status = *parsed;
  }
  const auto run = read_run(files, options.state);
  if (!run) return report(run.error());
  return options.job.empty() ? show_all_jobs(options, files, *run, status)
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
  command->add_flag("--usage", options->usage,
                    "time, CPUs and memory, of each job or of each attempt, and what to ask for");
  add_state_option(*command, options->state);
  add_json_option(*command, options->json);
  command->add_flag("--csv", options->csv, "print CSV, a line a job or an attempt");
  command->footer(
      "Examples:\n"
      "  mpibatch jobs\n"
      "  mpibatch jobs align --status FAILED\n"
      "  mpibatch jobs --usage\n"
      "  mpibatch jobs align --usage --csv > align.csv\n"
      "  mpibatch jobs align:NA017 --json");
  command->callback(
      [options, &context] { context.exit_code = show_jobs(*options, context.files); });
}

}  // namespace mpibatch::cli
