// Which run a command is about: `--state DIR`, or the only state folder of the current folder.
#pragma once

#include <string>
#include <string_view>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace CLI {
class App;
}

namespace mpibatch::cli {

inline constexpr std::string_view kStateSuffix = ".mpibatch";

void add_state_option(CLI::App& command, std::string& state);
void add_json_option(CLI::App& command, bool& json);

std::string current_folder();
// Absolute, without a slash at its end; nothing is asked of the disk.
std::string absolute_path(const std::string& path, const std::string& folder);

// `state` as given; empty: the only *.mpibatch in `folder`. NotFound says how a run is started,
// Usage lists several.
Result<store::StateFolder> find_state_folder(const FileSystem& files, const std::string& state,
                                             const std::string& folder);

}  // namespace mpibatch::cli
