#include "scenario/script.hpp"

#include <fstream>

#include "scenario/words.hpp"

namespace mpibatch::scenario {

namespace {

bool is_comment(const std::string& line) { return line.starts_with('#'); }

void add_line(const std::string& path, Step& step, const std::string& line, int number) {
  step.lines.push_back(line);
  if (is_comment(line)) return;
  if (!line.starts_with(' ')) {
    step.commands.push_back({number, line, {}});
    return;
  }
  if (step.commands.empty())
    throw ScriptError(path + ":" + std::to_string(number) + ": an indented line without a command");
  step.commands.back().details.push_back(line);
}

}  // namespace

Script read_script(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw ScriptError("cannot read " + path);
  Script script{path, {}, {}};
  enum class Where { Head, Commands, Output } where = Where::Head;
  Step step;
  // A step without `----` is one that nobody has played yet.
  const auto finish = [&] {
    if (!step.commands.empty()) script.steps.push_back(std::move(step));
    step = {};
  };
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line == "----") {
      if (where != Where::Commands)
        throw ScriptError(path + ":" + std::to_string(number) + ": no command before `----`");
      where = Where::Output;
    } else if (where == Where::Head && is_comment(line)) {
      script.head.push_back(line);
    } else if (line.empty()) {
      if (where == Where::Commands && step.commands.empty()) continue;
      finish();
      where = Where::Commands;
    } else if (where == Where::Output) {
      step.expected += line + "\n";
    } else {
      where = Where::Commands;
      add_line(path, step, line, number);
    }
  }
  finish();
  if (script.head.empty() || script.steps.empty())
    throw ScriptError(path + ": it needs a first comment that says its rule, and steps");
  return script;
}

std::string rewritten(const Script& script, const std::vector<std::string>& outputs) {
  std::string text;
  for (const std::string& line : script.head) text += line + "\n";
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    text += "\n";
    for (const std::string& line : script.steps[i].lines) text += line + "\n";
    text += "----\n" + outputs[i];
  }
  return text;
}

}  // namespace mpibatch::scenario
