// A line of a task list, as make would run it: without any shell syntax it needs no shell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mpibatch::model {

// The words of a line, split at blanks, if no shell would make more of it: no quotes, expansions,
// redirections, assignments, and its first word is no shell builtin or keyword that acts on the
// shell itself. None: give the line to a shell. Who runs the line executes the words directly only
// where the first names a file (itself, if it holds a `/`; else in a folder of PATH); every other
// line goes to `$SHELL -c` (`/bin/sh -c` without SHELL) of the attempt's environment.
std::optional<std::vector<std::string>> task_line_words(std::string_view line);

}  // namespace mpibatch::model
