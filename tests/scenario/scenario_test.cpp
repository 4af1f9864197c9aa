// Runs the scripts of a folder: scenario_test [--rewrite] FOLDER [NAME…]. Review what --rewrite
// changed as you would review code.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "scenario/stage.hpp"

namespace mpibatch::scenario {

namespace {

struct Options {
  bool rewrite = false;
  std::string folder;
  std::vector<std::string> names;
};

std::vector<std::filesystem::path> scripts(const Options& options) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(options.folder)) {
    const std::string name = entry.path().stem();
    const bool wanted =
        options.names.empty() ||
        std::find(options.names.begin(), options.names.end(), name) != options.names.end();
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt" && wanted)
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void show_difference(const Script& script, const Step& step, const std::string& got) {
  std::cout << script.path << ":" << (step.commands.empty() ? 0 : step.commands.front().line)
            << ": another outcome\n";
  for (const std::string& line : step.lines) std::cout << "    " << line << "\n";
  std::cout << "  expected\n" << step.expected << "  got\n" << got << "\n";
}

// Whether every step led to what the script says.
bool play(const Script& script, bool rewrite) {
  Stage stage;
  std::vector<std::string> outputs;
  bool good = true;
  for (const Step& step : script.steps) {
    try {
      outputs.push_back(stage.run(step));
    } catch (const ScriptError& error) {
      const int line = step.commands.empty() ? 0 : step.commands.front().line;
      std::cout << script.path << ":" << line << ": " << error.what() << "\n";
      return false;
    }
    if (outputs.back() == step.expected) continue;
    if (!rewrite) show_difference(script, step, outputs.back());
    good = false;
  }
  if (good || !rewrite) return good;
  std::ofstream(script.path) << rewritten(script, outputs);
  std::cout << script.path << ": rewritten\n";
  return true;
}

int run(const Options& options) {
  const auto paths = scripts(options);
  int failed = 0;
  for (const auto& path : paths) {
    try {
      failed += play(read_script(path), options.rewrite) ? 0 : 1;
    } catch (const ScriptError& error) {
      std::cout << error.what() << "\n";
      ++failed;
    }
  }
  std::cout << paths.size() << " scenarios, " << failed << " failed\n";
  return failed == 0 && !paths.empty() ? 0 : 1;
}

}  // namespace

}  // namespace mpibatch::scenario

int main(int argc, char** argv) {
  mpibatch::scenario::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--rewrite") {
      options.rewrite = true;
    } else if (options.folder.empty()) {
      options.folder = word;
    } else {
      options.names.push_back(word);
    }
  }
  if (options.folder.empty()) {
    std::cerr << "usage: scenario_test [--rewrite] FOLDER [NAME…]\n";
    return 2;
  }
  return mpibatch::scenario::run(options);
}
