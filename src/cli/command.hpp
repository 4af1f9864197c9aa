// One file a command: each adds itself to the command line and leaves its exit code in the context.
#pragma once

#include <string>
#include <vector>

#include <mpibatch/base/filesystem.hpp>

namespace CLI {
class App;
}
namespace mpibatch::transport {
class MpiWorld;
}

namespace mpibatch::cli {

inline constexpr int kSucceeded = 0;
inline constexpr int kSomeFailed = 1;
inline constexpr int kBadUsage = 2;
inline constexpr int kInterrupted = 75;

struct Context {
  transport::MpiWorld* world = nullptr;  // null outside mpibatch-mpi
  std::vector<std::string> arguments;    // as given, the program's name first
  PosixFileSystem files;
  int exit_code = kSucceeded;
};

void add_run(CLI::App& app, Context& context);
void add_validate(CLI::App& app, Context& context);
void add_simulate(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_jobs(CLI::App& app, Context& context);
void add_logs(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_cancel(CLI::App& app, Context& context);
void add_terminate(CLI::App& app, Context& context);
void add_hold(CLI::App& app, Context& context);
void add_release(CLI::App& app, Context& context);
void add_retry(CLI::App& app, Context& context);
void add_priority(CLI::App& app, Context& context);
void add_compact(CLI::App& app, Context& context);
void add_starter(CLI::App& app, Context& context);  // hidden: started by rank 0 and agents

}  // namespace mpibatch::cli
