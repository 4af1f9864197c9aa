#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <mpibatch/base/log.hpp>
#include <mpibatch/transport/mpi_world.hpp>

#include "cli/command.hpp"
#include "cli/run_options.hpp"
#include "cli/run_session.hpp"
#include "cli/run_world.hpp"

namespace mpibatch::cli {

namespace {

namespace fs = std::filesystem;

struct Given {
  RunOptions options;
  double timeout_seconds = 0;
  double lease_seconds = 60;
  double grace_seconds = 30;
  std::uint32_t cpus_per_node = 0;
  CLI::Option* cpus_given = nullptr;
};

constexpr std::string_view kExamples =
    "Examples:\n"
    "  mpibatch run plan.json                        on this host\n"
    "  mpirun -n 4 mpibatch run plan.json            on four ranks, one a node\n"
    "  mpibatch run --tasks commands.txt --vcpus 2   one command a line\n"
    "  ls *.fq | mpibatch run --tasks - -- gzip 'Ref::{line}'\n"
    "The same command again goes on where the run was interrupted, or retries what failed.\n"
    "Exit code: 0 all succeeded, 1 some job failed, 2 bad usage or plan, 75 interrupted: run "
    "again.";

void add_task_options(CLI::App& run, Given& given) {
  plan::TaskOptions& task = given.options.task_options;
  run.add_option("--tasks", given.options.tasks,
                 "a list of commands, one a line; - reads standard input")
      ->type_name("FILE");
  run.add_option("--vcpus", task.vcpus, "with --tasks: CPUs of each")
      ->check(CLI::Range(1U, 65536U));
  run.add_option("--memory", task.memory_mib, "with --tasks: MiB of each (default: no limit)")
      ->type_name("MIB");
  run.add_option("--timeout", given.timeout_seconds, "with --tasks: seconds each may take")
      ->check(CLI::PositiveNumber);
  run.add_option("--attempts", task.attempts, "with --tasks: attempts of each, 1 to 10")
      ->check(CLI::Range(1U, 10U));
  run.add_option("command", task.command, "with --tasks, after --: the command, with Ref::{line}")
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
  given.cpus_given =
      run.add_option("--cpus-per-node", given.cpus_per_node,
                     "CPUs that each rank offers (default: an even share of its host)");
  run.add_option("--lease", given.lease_seconds,
                 "seconds that a node works on without word from rank 0 before it gives up")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  run.add_option("--grace", given.grace_seconds, "seconds between SIGTERM and SIGKILL")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  run.add_flag("-q,--quiet", options.quiet, "no progress");
  run.add_flag("-v,--verbose", options.verbose, "say what rank 0 does");
}

Duration duration(double seconds) { return Duration{static_cast<std::int64_t>(seconds * 1e6)}; }

// `plan.json` keeps its state in plan.mpibatch, in the current folder.
std::string default_state(const RunOptions& options) {
  std::string stem = fs::path(options.plan.empty() ? options.tasks : options.plan).stem().string();
  if (stem.empty() || stem == "-") stem = "tasks";
  return stem + ".mpibatch";
}

int refuse(Context& context, std::string_view message) {
  dismiss_world(context);
  fmt::print(stderr, "mpibatch: {}\n", message);
  return kBadUsage;
}

int run(Given& given, Context& context) {
  RunOptions& options = given.options;
  if (context.world == nullptr && started_as_rank())
    return refuse(context, become_mpi(context.arguments).message);
  if (context.world != nullptr && context.world->rank() != 0) return run_agent_rank(context);

  // The first positional word is the plan, unless there is a task list.
  std::vector<std::string>& words = options.task_options.command;
  if (options.tasks.empty()) {
    if (words.size() != 1)
      return refuse(context, words.empty()
                                 ? "name a plan, or --tasks FILE (see `mpibatch run --help`)"
                                 : "one plan at a time; a command goes with --tasks");
    options.plan = words.front();
    words.clear();
  }
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

  const auto loaded = options.tasks.empty()
                          ? plan::load_plan(context.files, options.plan)
                          : plan::load_tasks(context.files, options.tasks, options.task_options);
  if (!loaded) {
    dismiss_world(context);
    for (const plan::PlanError& error : loaded.error())
      fmt::print(stderr, "{}\n", plan::to_string(error));
    const std::size_t count = loaded.error().size();
    fmt::print(stderr, "mpibatch: the plan has {} error{}; nothing was started\n", count,
               count == 1 ? "" : "s");
    return kBadUsage;
  }
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
