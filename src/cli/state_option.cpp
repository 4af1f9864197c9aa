#include "cli/state_option.hpp"

#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <mpibatch/base/shell_quote.hpp>

namespace mpibatch::cli {

namespace {

bool holds_a_run(const FileSystem& files, const std::string& path) {
  const store::StateFolder folder{path};
  return files.exists(folder.owner()) || files.exists(folder.journal());
}

}  // namespace

void add_state_option(CLI::App& command, std::string& state) {
  command
      .add_option("--state", state, "the run's state folder (default: the only *.mpibatch here)")
      ->type_name("DIR");
}

void add_json_option(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "print JSON, with AWS Batch's names");
}

std::string current_folder() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

std::string absolute_path(const std::string& path, const std::string& folder) {
  std::string text = (std::filesystem::path(folder) / path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

Result<store::StateFolder> find_state_folder(const FileSystem& files, const std::string& state,
                                             const std::string& folder) {
  if (!state.empty()) {
    const std::string path = absolute_path(state, folder);
    if (holds_a_run(files, path)) return store::StateFolder{path};
    if (const auto listed = files.list(path); !listed && files.exists(path))
      return tl::unexpected(listed.error());
    return fail(ErrorKind::NotFound,
                files.exists(path)
                    ? fmt::format("'{}' is not a run's state folder (--state)", state)
                    : fmt::format("there is no state folder '{}' (--state)", state));
  }
  const auto names = files.list(folder);
  if (!names) return tl::unexpected(names.error());
  std::vector<std::string> runs;
  for (const std::string& name : *names)
    if (name.ends_with(kStateSuffix) && holds_a_run(files, folder + "/" + name))
      runs.push_back(name);
  if (runs.size() == 1) return store::StateFolder{folder + "/" + runs.front()};
  if (runs.empty())
    return fail(ErrorKind::NotFound,
                fmt::format("no run was started in {}: there is no *{} in it. Start one with "
                            "`mpibatch run plan.json`, or name a state folder with --state DIR",
                            folder, kStateSuffix));
  std::string list;
  for (const std::string& name : runs) list += "\n  --state " + shell_quote(name);
  return fail(ErrorKind::Usage, fmt::format("{} holds {} runs; say which one is meant:{}", folder,
                                            runs.size(), list));
}

}  // namespace mpibatch::cli
