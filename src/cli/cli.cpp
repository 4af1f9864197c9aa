#include <mpibatch/cli/cli.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <mpibatch/plan/known_names.hpp>

#include "cli/command.hpp"
#include "cli/help_formatter.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::string_view kFooter =
    "Examples:\n"
    "  mpibatch run plan.json                start a plan; the same again goes on with it\n"
    "  mpirun -n 4 mpibatch run plan.json    the same on four ranks, one a node\n"
    "  mpibatch status                       how the run of this folder is going\n"
    "  mpibatch logs align:NA017             what a job, or a child of an array, printed\n"
    "`mpibatch COMMAND --help` says more of each.";

// Every rank of an MPI world sees the same bad command line; one says so.
bool speaks_for_all() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"})
    if (const char* rank = std::getenv(name); rank != nullptr && std::string_view(rank) != "0")
      return false;
  return true;
}

// The first word, where it should be a command and is none.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.size() < 2 || arguments[1].empty() || arguments[1].front() == '-') return {};
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == arguments[1]) return {};
    if (!command->get_group().empty()) known.push_back(command->get_name());
  }
  return fmt::format("'{}' is not a command{}", arguments[1],
                     plan::known_names(arguments[1], known));
}

int refuse(const CLI::App& app, const CLI::ParseError& error,
           const std::vector<std::string>& arguments) {
  if (!speaks_for_all()) return kBadUsage;
  std::string message = unknown_command(app, arguments);
  if (message.empty()) message = error.what();
  const auto chosen = app.get_subcommands();
  const std::string help =
      chosen.empty() ? "mpibatch --help" : fmt::format("mpibatch {} --help", chosen[0]->get_name());
  fmt::print(stderr, "mpibatch: {} (see `{}`)\n", message, help);
  return kBadUsage;
}

void add_commands(CLI::App& app, Context& context) {
  add_run(app, context);
  add_validate(app, context);
  add_simulate(app, context);
  add_status(app, context);
  add_jobs(app, context);
  add_logs(app, context);
  add_explain(app, context);
  add_cancel(app, context);
  add_terminate(app, context);
  add_hold(app, context);
  add_release(app, context);
  add_retry(app, context);
  add_priority(app, context);
  add_compact(app, context);
  add_starter(app, context);
  for (CLI::App* command : app.get_subcommands({}))
    if (!command->get_group().empty()) command->group("Commands");
}

}  // namespace

int run_command_line(int argc, char** argv, transport::MpiWorld* world) {
  Context context;
  context.world = world;
  context.arguments.assign(argv, argv + argc);

  CLI::App app("AWS Batch's job model on any cluster: jobs, array jobs and their dependencies",
               "mpibatch");
  app.set_version_flag("--version", "mpibatch " MPIBATCH_VERSION);
  app.formatter(help_formatter());
  app.set_help_flag("-h,--help", "print this help");
  app.get_option("--version")->description("print the version");
  app.require_subcommand(1);
  app.footer(std::string(kFooter));
  try {
    add_commands(app, context);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Not an error: how CLI11 comes back from --help and --version.
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(error);
    return refuse(app, error, context.arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "mpibatch: stopped by an unexpected error: {}\n", error.what());
    return kSomeFailed;
  }
  return context.exit_code;
}

}  // namespace mpibatch::cli
