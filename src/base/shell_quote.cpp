#include <mpibatch/base/shell_quote.hpp>

#include <algorithm>

namespace mpibatch {
namespace {

bool harmless(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
}

}  // namespace

std::string shell_quote(std::string_view word) {
  // zsh expands a leading `=`.
  if (!word.empty() && word.front() != '=' && std::all_of(word.begin(), word.end(), harmless))
    return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace mpibatch
