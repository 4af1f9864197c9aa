// Lines for the person at the terminal go to stderr as `mpibatch: …`; --verbose adds what rank 0
// and starters do.
#pragma once

#include <string_view>

namespace mpibatch {

enum class LogLevel { Debug, Info, Warning, Error };

// Sets what is shown and who speaks ("rank 0", "starter of node2/0"); call once, before threads
// start.
void log_setup(LogLevel shown, std::string_view speaker);
void log(LogLevel level, std::string_view message);

}  // namespace mpibatch
