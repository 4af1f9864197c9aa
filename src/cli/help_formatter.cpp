#include "cli/help_formatter.hpp"

#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace mpibatch::cli {

namespace {

constexpr std::size_t kHelpColumn = 28;
constexpr std::string_view kBegin = " in [";
constexpr std::string_view kBetween = " - ";

// "UINT" → "N"; what a command calls it itself stays.
std::string_view placeholder(std::string_view type) {
  if (type == "UINT" || type == "INT") return "N";
  return type == "FLOAT" ? "X" : type;
}

class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_option_opts(const CLI::Option* option) const override {
    return in_words(Formatter::make_option_opts(option));
  }
};

HelpFormatter::HelpFormatter() {
  column_width(kHelpColumn);
  label("SUBCOMMAND", "COMMAND");
  label("Positionals", "Arguments");
  label("OPTIONS", "options");
  label("TEXT", "");
  label("UINT", "N");
  label("FLOAT", "X");
}

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter() { return std::make_shared<HelpFormatter>(); }

std::string in_words(const std::string& text) {
  const std::size_t begin = text.find(kBegin);
  const std::size_t colon = text.rfind(':', begin);
  const std::size_t between = text.find(kBetween, begin);
  const std::size_t end = text.find(']', begin);
  if (begin == std::string::npos || colon == std::string::npos || colon == 0 || between > end ||
      end == std::string::npos)
    return text;
  const std::string_view whole(text);
  const std::string_view type = placeholder(whole.substr(1, colon - 1));
  const std::size_t least = begin + kBegin.size();
  const std::size_t most = between + kBetween.size();
  std::string bounds =
      fmt::format("{} to {}", whole.substr(least, between - least), whole.substr(most, end - most));
  std::string_view rest = whole.substr(end + 1);
  if (rest.starts_with('=')) {
    const std::string_view value = rest.substr(1, rest.find(' ') - 1);
    rest.remove_prefix(value.size() + 1);
    bounds += fmt::format(", default {}", value);
  }
  return fmt::format(" {}{}({}){}", type, type.empty() ? "" : " ", bounds, rest);
}

}  // namespace mpibatch::cli
