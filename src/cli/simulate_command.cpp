#include "cli/simulate_command.hpp"

#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/plan/load.hpp>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/plan_summary.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

Result<Simulated> simulate_once(const model::Plan& plan, const sim::Setup& setup) {
  const SystemClock clock;
  const Duration began = clock.boot();
  auto report = sim::simulate(plan, setup);
  if (!report) return tl::unexpected(report.error());
  Simulated simulated;
  simulated.nodes = setup.nodes.size();
  for (const sim::NodeSpec& node : setup.nodes) simulated.vcpus += node.capacity.vcpus;
  simulated.walltime = setup.walltime;
  simulated.learned = setup.learned.size();
  simulated.elapsed = clock.boot() - began;
  simulated.report = std::move(*report);
  return simulated;
}

int simulate_sweep(const SimulateOptions& options, const model::Plan& plan, sim::Setup setup) {
  std::vector<Simulated> sweep;
  for (const std::uint32_t count : options.sweep) {
    auto nodes = simulate_nodes(options, count);
    if (!nodes) return report(nodes.error());
    setup.nodes = std::move(*nodes);
    auto simulated = simulate_once(plan, setup);
    if (!simulated) return report(simulated.error());
    sweep.push_back(std::move(*simulated));
  }
  const int printed = print_or_report(options.json ? sweep_json(options.plan, sweep)
                                                   : sweep_text(options.plan, sweep));
  if (printed != kSucceeded) return printed;
  for (const Simulated& one : sweep)
    if (one.report.fits) return kSucceeded;
  return kSomeFailed;
}

int simulate(const SimulateOptions& options, const FileSystem& files) {
  end_with_the_reader();
  auto setup = simulate_setup(options);
  if (!setup) return report(setup.error());
  auto loaded = plan::load_plan(files, options.plan);
  if (!loaded) {
    if (options.json) (void)print_or_report(plan_errors_json(options.plan, loaded.error()));
    for (const plan::PlanError& error : loaded.error())
      if (!options.json) fmt::print(stderr, "{}\n", plan::to_string(error));
    return kBadUsage;
  }
  const model::Plan& plan = loaded->plan;
  if (!options.learn.empty()) {
    auto learned = learn_durations(files, options.learn, plan);
    if (!learned) return report(learned.error());
    setup->learned = std::move(*learned);
  }
  if (!options.sweep.empty()) return simulate_sweep(options, plan, std::move(*setup));
  const auto simulated = simulate_once(plan, *setup);
  if (!simulated) return report(simulated.error());
  const int printed = print_or_report(options.json ? simulate_json(options.plan, plan, *simulated)
                                                   : simulate_text(options.plan, plan, *simulated));
  if (printed != kSucceeded) return printed;
  return simulated->report.fits ? kSucceeded : kSomeFailed;
}

void add_cluster_options(CLI::App& command, SimulateOptions& options) {
  command
      .add_option("--nodes", options.nodes,
                  "how many; or N:CPUS:MIB[:GPUS][:FEATURE,…], as often as there are kinds of "
                  "them; or with host names for N: gpu[1-4]:64:256000:4")
      ->type_name("N")
      ->allow_extra_args(false);
  command.add_option("--cpus", options.cpus, "CPUs of each node");
  command.add_option("--memory", options.memory_mib, "memory of each node, in MiB")
      ->type_name("MIB");
  command.add_option("--gpus", options.gpus, "GPUs of each node");
  command
      .add_option("--sweep", options.sweep,
                  "these numbers of nodes, one after the other: how many are worth it")
      ->delimiter(',')
      ->type_name("N,…");
  command
      .add_option("--walltime", options.walltime,
                  "when the allocation ends: seconds, or [D-]HH:MM:SS")
      ->type_name("TIME");
}

void add_fate_options(CLI::App& command, SimulateOptions& options) {
  command.add_option("--seed", options.seed, "of drawn durations and losses (default 1)");
  command
      .add_option("--learn", options.learn,
                  "durations as in the run of this state folder, by job and key")
      ->type_name("DIR");
  command.add_option("--lose", options.lose, "this node is lost then: node2@600; repeatable")
      ->type_name("NODE@SECONDS")
      ->allow_extra_args(false);
  command
      .add_option("--loss-rate", options.loss_rate,
                  "how often a node is lost in an hour, on average: 0.001")
      ->check(CLI::Range(0.0, 3600.0))
      ->type_name("X");
  command.add_option("--return", options.back_after, "lost nodes come back after this time")
      ->type_name("TIME");
}

}  // namespace

void add_simulate(CLI::App& app, Context& context) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command =
      app.add_subcommand("simulate", "how a plan would go on nodes that need not be there");
  command->add_option("PLAN", options->plan, "the plan's file")->type_name("")->required();
  add_cluster_options(*command, *options);
  add_fate_options(*command, *options);
  add_json_option(*command, options->json);
  command->footer(
      "Examples:\n"
      "  mpibatch simulate plan.json --nodes 4 --cpus 64 --memory 256000 --walltime 2:00:00\n"
      "  mpibatch simulate plan.json --sweep 1,2,4,8 --cpus 64 --memory 256000\n"
      "  mpibatch simulate plan.json --nodes 8:64:256000 --nodes 2:64:512000:4:gpu:a100\n"
      "  mpibatch simulate plan.json --nodes 4 --cpus 64 --memory 256000 --lose node2@600\n"
      "Durations are the plan's expectedSeconds, or 1 s. Nothing is started, nothing written.\n"
      "Exit code: 0 all of it fits, 1 it does not or some of it fails, 2 the plan is not good.");
  command->callback([options, &context] { context.exit_code = simulate(*options, context.files); });
}

}  // namespace mpibatch::cli
