#include <cstdint>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <mpibatch/node/starter.hpp>

#include "cli/command.hpp"

namespace mpibatch::cli {

namespace {

struct Given {
  node::StarterOptions options;
  std::int64_t lease_ms = 0;
  std::uint32_t cpus_per_node = 0;
};

}  // namespace

void add_starter(CLI::App& app, Context& context) {
  auto given = std::make_shared<Given>();
  given->lease_ms = given->options.lease / std::chrono::milliseconds{1};
  CLI::App* command =
      app.add_subcommand("starter", "own a node's slots and attempts; rank 0 and agents start it");
  command->group("");  // nobody types it: not in the help
  command->add_option("--run", given->options.run)->required();
  command->add_option("--state", given->options.state_folder)->required();
  command->add_option("--share", given->options.share);
  command->add_option("--shares", given->options.shares);
  command->add_option("--lease-ms", given->lease_ms);
  CLI::Option* cpus = command->add_option("--cpus-per-node", given->cpus_per_node);
  command->add_flag("--launched-by-mpirun", given->options.launched_by_mpirun);
  command->callback([given, cpus, &context] {
    given->options.lease = std::chrono::milliseconds{given->lease_ms};
    if (cpus->count() > 0) given->options.cpus_per_node = given->cpus_per_node;
    context.exit_code = node::run_starter(given->options);
  });
}

}  // namespace mpibatch::cli
