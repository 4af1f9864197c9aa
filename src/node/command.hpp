// Which file an attempt executes, with which words; found before a process is made, so that what is
// missing is said by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

#include <mpibatch/model/job.hpp>

#include "node/environment.hpp"

namespace mpibatch::node {

// As exit codes: 127 not found, 126 not executable, 125 anything else.
struct StartFailure {
  int code = 125;
  std::string reason;  // at most kReasonBytesMax
  bool operator==(const StartFailure&) const = default;
};
inline constexpr std::size_t kReasonBytesMax = 255;  // of AWS Batch's container.reason
std::string shortened(std::string reason);

struct Command {
  std::string path;
  std::vector<std::string> words;
  bool operator==(const Command&) const = default;
};

struct CommandPlace {
  std::string folder;       // the attempt's working directory
  std::string_view search;  // its PATH
  std::string_view shell;   // its SHELL, for task lines
  std::string host;         // for messages
};

// The file that execvp would execute. A failure says what was looked for, where, and on which host.
tl::expected<std::string, StartFailure> find_program(const std::string& word,
                                                     const CommandPlace& place);

// Remembers what was found, as shells do: to look costs some system calls an attempt. One that has
// gone since shows when it is executed.
class KnownPrograms {
 public:
  tl::expected<std::string, StartFailure> find(const std::string& word, const CommandPlace& place);
  bool forget();  // false: nothing was remembered

 private:
  std::string folder_;  // where and in which PATH all of it was found
  std::string search_;
  std::unordered_map<std::string, std::string> paths_;  // by word
};

// A word with a `/` is taken as it is: executing it shows whether it is there.
tl::expected<Command, StartFailure> find_command(const model::JobTemplate& job,
                                                 const Parameters& parameters,
                                                 const CommandPlace& place, KnownPrograms& known);

// After a failure to execute `word`: what is wrong with the folder or the file; none if neither is.
std::optional<StartFailure> fault_of(const std::string& word, const CommandPlace& place);

}  // namespace mpibatch::node
