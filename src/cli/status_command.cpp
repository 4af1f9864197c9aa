#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include <mpibatch/store/request.hpp>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/rank_0.hpp"
#include "cli/reading.hpp"
#include "cli/state_option.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

struct StatusOptions {
  std::string state;
  bool json = false;
};

StatusView view_of(const RunReading& run, const Rank0& rank_0, std::size_t requests) {
  const scheduler::Scheduler& core = run.core();
  StatusView view;
  view.run = run.view.state.run.empty() ? rank_0.owner.run : run.view.state.run;
  view.state_folder = run.folder.path;
  view.revision = model::number_of(core.revision());
  view.state = core.finished()   ? RunState::Finished
               : rank_0.alive    ? RunState::Running
               : core.all_held() ? RunState::Held
                                 : RunState::Interrupted;
  view.driver = to_string(rank_0);
  view.host = rank_0.owner.host;
  view.pid = rank_0.owner.pid;
  view.epoch = model::number_of(rank_0.owner.epoch);
  view.alive = rank_0.alive;
  view.counts = core.counts();
  view.jobs = job_views(core);
  const Instant now = run_time(core.epoch());
  for (scheduler::NodeView& node : core.nodes()) {
    NodeLine line{std::move(node), {}};
    if (line.node.lease_until)
      line.lease_left = std::max(*line.node.lease_until - now, Duration{0});
    view.nodes.push_back(std::move(line));
  }
  if (view.state == RunState::Running) view.unsatisfiable = core.unsatisfiable();
  view.held = core.held();
  view.requests = requests;
  return view;
}

int show_status(const StatusOptions& options, const FileSystem& files) {
  end_with_the_reader();
  const auto run = read_run(files, options.state);
  if (!run) return report(run.error());
  const auto rank_0 = find_rank_0(files, *run);
  if (!rank_0) return report(rank_0.error());
  std::vector<std::string> damaged;
  const auto requests = store::read_requests(files, run->folder, damaged);
  for (const std::string& path : damaged) warn("'" + path + "' is no request: remove it");
  const StatusView view = view_of(*run, *rank_0, requests ? requests->size() : 0);
  return print_or_report(options.json ? status_json(view) : status_text(view));
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command = app.add_subcommand("status", "how a run is going: its state, jobs and nodes");
  add_state_option(*command, options->state);
  add_json_option(*command, options->json);
  command->footer(
      "Examples:\n"
      "  mpibatch status\n"
      "  mpibatch status --state plan.mpibatch --json");
  command->callback(
      [options, &context] { context.exit_code = show_status(*options, context.files); });
}

}  // namespace mpibatch::cli
