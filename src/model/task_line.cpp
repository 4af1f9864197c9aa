#include <mpibatch/model/task_line.hpp>

#include <algorithm>
#include <iterator>

namespace mpibatch::model {

namespace {

// What POSIX shells and bash give a meaning to, anywhere in a line.
constexpr std::string_view kSyntax = "\n\r\v\f|&;<>()$`\\\"'*?[]{}#~!^";

// Words that mean something else as the first word of a shell's line than the file of that name.
constexpr std::string_view kBuiltins[] = {
    ".",         ":",        "alias",   "bg",      "bind",     "break",   "builtin",  "caller",
    "case",      "cd",       "command", "compgen", "complete", "compopt", "continue", "coproc",
    "declare",   "dirs",     "disown",  "do",      "done",     "elif",    "else",     "enable",
    "esac",      "eval",     "exec",    "exit",    "export",   "fc",      "fg",       "fi",
    "for",       "function", "getopts", "hash",    "help",     "history", "if",       "in",
    "jobs",      "let",      "local",   "logout",  "mapfile",  "popd",    "pushd",    "read",
    "readarray", "readonly", "return",  "select",  "set",      "shift",   "shopt",    "source",
    "suspend",   "then",     "time",    "times",   "trap",     "type",    "typeset",  "ulimit",
    "umask",     "wait",     "unalias", "unset",   "until",    "while",   "kill"};

bool builtin(std::string_view word) {
  return std::find(std::begin(kBuiltins), std::end(kBuiltins), word) != std::end(kBuiltins);
}

}  // namespace

std::optional<std::vector<std::string>> task_line_words(std::string_view line) {
  if (line.find_first_of(kSyntax) != std::string_view::npos ||
      line.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::vector<std::string> words;
  std::size_t at = line.find_first_not_of(" \t");
  while (at != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = line.find_first_not_of(" \t", end);
  }
  // `name=value` as the first word is an assignment; later on it is a word like any other.
  if (words.empty() || words.front().find('=') != std::string::npos || builtin(words.front()))
    return std::nullopt;
  return words;
}

}  // namespace mpibatch::model
