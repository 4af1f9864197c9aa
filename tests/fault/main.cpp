// The fault simulation: server, scheduler, starters' core, messages and store as they are, in one
// thread and virtual time, while what can go wrong goes wrong. Same seed, same run.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "world.hpp"

namespace mpibatch::fault {

namespace {

struct Options {
  std::uint64_t first = 1;
  std::uint64_t seeds = 200;
  bool verbose = false;
};

std::string program;  // for the command that repeats a failure
std::uint64_t seed_now = 0;
const World* world_now = nullptr;

void print_failure(const std::string& what) {
  fmt::print(stderr, "seed {}: {}\nThe last events:\n", seed_now, what);
  if (world_now) world_now->trace().print_last(stderr);
  fmt::print(stderr, "Repeat with: {} --seed {} --verbose\n", program, seed_now);
}

// A failed check in the code under test aborts; everything runs in this one thread.
void aborted(int) {
  print_failure("the code under test ended the process");
  ::_exit(1);
}

bool run_seed(std::uint64_t seed, bool verbose, std::uint64_t& steps, std::uint64_t& lives) {
  seed_now = seed;
  World world(seed, verbose);
  world_now = &world;
  bool good = true;
  try {
    world.run();
  } catch (const Violation& violation) {
    print_failure(violation.what);
    good = false;
  }
  steps += world.steps();
  lives += world.lives();
  world_now = nullptr;
  return good;
}

std::optional<Options> parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool takes_value = words[i] == "--seeds" || words[i] == "--seed" || words[i] == "--from";
    if (words[i] == "--verbose") {
      options.verbose = true;
    } else if (takes_value && i + 1 < words.size()) {
      const std::uint64_t value = std::strtoull(words[i + 1].c_str(), nullptr, 10);
      if (words[i] == "--seeds") options.seeds = value;
      if (words[i] != "--seeds") options.first = value;
      if (words[i] == "--seed") options.seeds = 1;
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  program = argv[0];
  const auto options = parse({argv + 1, argv + argc});
  if (!options) {
    fmt::print(stderr, "usage: {} [--seeds N] [--from N] | --seed N  [--verbose]\n", program);
    return 2;
  }
  ::signal(SIGABRT, aborted);
  std::uint64_t failures = 0;
  std::uint64_t steps = 0;
  std::uint64_t lives = 0;
  for (std::uint64_t i = 0; i < options->seeds; ++i)
    if (!run_seed(options->first + i, options->verbose, steps, lives)) ++failures;
  fmt::print("{} seeds, {} failed; {} events, {} lives of rank 0\n", options->seeds, failures,
             steps, lives);
  return failures == 0 ? 0 : 1;
}

}  // namespace mpibatch::fault

int main(int argc, char** argv) { return mpibatch::fault::main(argc, argv); }
