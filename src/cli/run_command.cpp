#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <mpibatch/base/log.hpp>
#include <mpibatch/base/shell_quote.hpp>
#include <mpibatch/transport/mpi_world.hpp>

#include "cli/command.hpp"
#include "cli/run_options.hpp"
#include "cli/run_session.hpp"
#include "cli/run_world.hpp"
#include "cli/walltime.hpp"

namespace mpibatch::cli {

namespace {

namespace fs = std::filesystem;

struct Given {
  RunOptions options;
  double timeout_seconds = 0;
  double lease_seconds = 60;
  double grace_seconds = 30;
  std::uint32_t cpus_per_node = 0;
  std::uint64_t max_failures = 0;
  std::string walltime;
  CLI::Option* cpus_given = nullptr;
  CLI::Option* max_failures_given = nullptr;
  std::vector<CLI::Option*> of_tasks;  // options that a plan says itself
};

constexpr std::string_view kExamples =
    "Examples:\n"
    "  mpibatch run plan.json                        on this host\n"
    "  mpirun -n 4 mpibatch run plan.json            on four ranks, one a node\n"
    "  mpibatch run --tasks commands.txt --vcpus 2   one command a line\n"
    "  ls *.fq | mpibatch run --tasks - -- gzip 'Ref::{line}'\n"
    "  mpibatch run --parameters samples.csv -- ./align.sh 'Ref::{sample}' 'Ref::{fq1}'\n"
    "  mpibatch run plan.json --only align:NA017     this child and what it waits for\n"
    "The same command again goes on where the run was interrupted, or retries what failed.\n"
    "Exit code: 0 all succeeded, 1 some job failed, 2 bad usage or plan, 75 interrupted: run "
    "again.";

// As AWS Batch's attemptDurationSeconds, but that it may be a fraction: CLI11 would name the
// greatest double there is.
std::string seconds_of_attempt(const std::string& text) {
  constexpr double kMax = 2147483647;
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error == std::errc{} && stop == end && seconds > 0 && seconds <= kMax) return {};
  return fmt::format("must be more than 0 and at most {:.0f} seconds, not '{}'", kMax, text);
}

void add_task_options(CLI::App& run, Given& given) {
  plan::TaskOptions& task = given.options.task_options;
  run.add_option("--tasks", given.options.tasks,
                 "a list of commands, one a line; - reads standard input")
      ->type_name("FILE");
  run.add_option("--parameters", given.options.sheet,
                 "a sheet (CSV, TSV), one task a row; needs a command after --")
      ->type_name("FILE");
  const auto of_tasks = [&](CLI::Option* option) {
    given.of_tasks.push_back(option);
    return option;
  };
  of_tasks(run.add_option("--key", task.key, "with --parameters: the column that names a task"))
      ->type_name("COLUMN");
  of_tasks(run.add_option("--vcpus", task.vcpus, "with --tasks or --parameters: CPUs of each"))
      ->check(CLI::Range(1U, 65536U));
  of_tasks(run.add_option("--memory", task.memory_mib, "… MiB of each (default: no limit)"))
      ->type_name("MIB");
  of_tasks(run.add_option("--gpus", task.gpus, "… GPUs of each"));
  of_tasks(run.add_option("--timeout", given.timeout_seconds, "… seconds each may take"))
      ->check(seconds_of_attempt);
  of_tasks(run.add_option("--attempts", task.attempts, "… attempts of each"))
      ->check(CLI::Range(1U, 10U));
  of_tasks(run.add_option("--log-files", task.log_files,
                          "… a file for what it prints, such as "
                          "logs/Ref::{AWS_BATCH_JOB_ARRAY_INDEX}.out"))
      ->type_name("PATH");
  of_tasks(run.add_option("--max-log-mib", task.log_mib_max,
                          "… MiB of each one's output that are kept (default: 1024)"))
      ->type_name("MIB")
      ->check(CLI::Range(1U, 1048576U));
  given.max_failures_given = of_tasks(run.add_option(
      "--max-failures", given.max_failures, "… more failed tasks than this hold the others"));
  run.add_option("command", task.command,
                 "with --tasks or --parameters, after --: the command, with Ref::{line} or a "
                 "column's Ref::{name}")
      ->type_name("");
}

void add_run_options(CLI::App& run, Given& given) {
  RunOptions& options = given.options;
  run.add_option("--state", options.state,
                 "state folder (default: PLAN's name with .mpibatch, here)")
      ->type_name("DIR");
  run.add_flag("--keep-failed", options.keep_failed,
               "do not retry what failed in a run that had finished");
  run.add_flag("--retry-failed", options.retry_failed,
               "retry what failed in a run that was interrupted, too");
  run.add_flag("--rerun-changed", options.rerun_changed,
               "run finished work again where its definition changed");
  run.add_flag("--accept", options.accept, "let finished work go that the plan no longer has");
  run.add_flag("--fresh", options.fresh, "set the old state folder aside and start anew");
  run.add_option("--only", options.only,
                 "a rehearsal: this job, or this child (JOB:KEY), and what it waits for")
      ->type_name("JOB");
  run.add_option("--walltime", given.walltime,
                 "the nodes are ours for so long, in seconds or [D-]HH:MM:SS: what is expected to "
                 "take longer does not start (default: what Slurm says)")
      ->type_name("TIME");
  given.cpus_given =
      run.add_option("--cpus-per-node", given.cpus_per_node,
                     "CPUs that each rank offers (default: an even share of its host)");
  run.add_option("--lease", given.lease_seconds,
                 "how long a node works on without word from rank 0 before it gives up")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  run.add_option("--grace", given.grace_seconds, "from SIGTERM to SIGKILL")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  run.add_flag("-q,--quiet", options.quiet, "no progress");
  run.add_flag("-v,--verbose", options.verbose, "say what rank 0 does");
}

Duration duration(double seconds) { return Duration{static_cast<std::int64_t>(seconds * 1e6)}; }

// `plan.json` keeps its state in plan.mpibatch, in the current folder.
std::string default_state(const RunOptions& options) {
  const std::string& source = !options.plan.empty()    ? options.plan
                              : !options.tasks.empty() ? options.tasks
                                                       : options.sheet;
  std::string stem = fs::path(source).stem().string();
  if (stem.empty() || stem == "-") stem = "tasks";
  return stem + ".mpibatch";
}

int refuse(Context& context, std::string_view message) {
  dismiss_world(context);
  fmt::print(stderr, "mpibatch: {}\n", message);
  return kBadUsage;
}

plan::Loaded<plan::LoadedPlan> load(const RunOptions& options, const FileSystem& files) {
  if (!options.tasks.empty()) return plan::load_tasks(files, options.tasks, options.task_options);
  if (!options.sheet.empty()) return plan::load_sheet(files, options.sheet, options.task_options);
  return plan::load_plan(files, options.plan);
}

// What is wrong with the words; empty: nothing.
std::string settle_source(Given& given) {
  RunOptions& options = given.options;
  std::vector<std::string>& words = options.task_options.command;
  if (!options.tasks.empty() && !options.sheet.empty())
    return "--tasks and --parameters exclude each other";
  if (!options.sheet.empty() && words.empty())
    return "--parameters needs a command: … --parameters SHEET -- COMMAND 'Ref::{column}'";
  if (!options.tasks.empty() || !options.sheet.empty()) return {};
  // The first positional word is the plan.
  if (words.empty())
    return "name a plan, --tasks FILE or --parameters FILE (see `mpibatch run --help`)";
  if (words.size() > 1) return "one plan at a time; a command goes with --tasks or --parameters";
  options.plan = words.front();
  words.clear();
  for (const CLI::Option* option : given.of_tasks)
    if (option->count() > 0)
      return fmt::format("{} goes with --tasks or --parameters; a plan says it itself",
                         option->get_name());
  return {};
}

// Multi-node parallel jobs are planned and simulated, not launched.
std::string beyond_us(const RunOptions& options, const model::Plan& plan) {
  for (const model::PlannedJob& job : plan.jobs)
    if (job.spec.gang)
      return fmt::format(
          "job '{}' is multi-node parallel: it cannot be launched yet; `mpibatch "
          "simulate {} --nodes …` shows how it would run",
          job.spec.name, shell_quote(options.plan));
  return {};
}

int run(Given& given, Context& context) {
  RunOptions& options = given.options;
  if (context.world == nullptr && started_as_one_of_several())
    return refuse(context, become_mpi(context.arguments).message);
  if (context.world != nullptr && context.world->rank() != 0) return run_agent_rank(context);

  if (const std::string fault = settle_source(given); !fault.empty()) return refuse(context, fault);
  if (!given.walltime.empty()) {
    const auto walltime = parse_walltime(given.walltime);
    if (!walltime) return refuse(context, walltime.error().message);
    options.walltime = *walltime;
  }
  if (given.max_failures_given->count() > 0) options.task_options.max_failures = given.max_failures;
  options.task_options.timeout = duration(given.timeout_seconds);
  options.lease = duration(given.lease_seconds);
  options.grace = duration(given.grace_seconds);
  if (given.cpus_given->count() > 0) options.cpus_per_node = given.cpus_per_node;
  if (options.keep_failed && options.retry_failed)
    return refuse(context, "--keep-failed and --retry-failed exclude each other");
  options.state = fs::absolute(options.state.empty() ? default_state(options) : options.state)
                      .lexically_normal()
                      .string();
  if (options.state.ends_with('/')) options.state.pop_back();
  if (options.verbose) log_setup(LogLevel::Debug, "rank 0");

  const auto loaded = load(options, context.files);
  if (!loaded) {
    dismiss_world(context);
    for (const plan::PlanError& error : loaded.error())
      fmt::print(stderr, "{}\n", plan::to_string(error));
    const std::size_t count = loaded.error().size();
    fmt::print(stderr, "mpibatch: the plan has {} error{}; nothing was started\n", count,
               count == 1 ? "" : "s");
    return kBadUsage;
  }
  if (const std::string fault = beyond_us(options, loaded->plan); !fault.empty())
    return refuse(context, fault);
  return run_rank_0(options, *loaded, context);
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("run", "run a plan, go on with it, or retry what failed");
  auto given = std::make_shared<Given>();
  add_task_options(*command, *given);
  add_run_options(*command, *given);
  command->footer(std::string(kExamples));
  command->callback([given, &context] { context.exit_code = run(*given, context); });
}

}  // namespace mpibatch::cli
