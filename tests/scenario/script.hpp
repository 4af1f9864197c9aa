// A script: steps of commands, `----`, and what they must lead to.
#pragma once

#include <string>
#include <vector>

namespace mpibatch::scenario {

struct Command {
  int line = 0;
  std::string text;
  std::vector<std::string> details;  // the indented lines below it
};

struct Step {
  std::vector<std::string> lines;  // as written, comments included
  std::vector<Command> commands;
  std::string expected;  // whole lines
};

struct Script {
  std::string path;
  std::vector<std::string> head;  // comments: the rule
  std::vector<Step> steps;
};

// Throws ScriptError, naming file and line.
Script read_script(const std::string& path);
// The same script with these outputs, one a step.
std::string rewritten(const Script& script, const std::vector<std::string>& outputs);

}  // namespace mpibatch::scenario
