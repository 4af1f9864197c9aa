// The fault simulation: server, scheduler, starters' core, messages and store as they are, in one
// thread and virtual time, while what can go wrong goes wrong. Same seed, same run. A failure
// prints the command that repeats it.
//
//   fault_simulation                    200 seeds, seconds: a test of every build
//   fault_simulation --positions        rank 0 meets each of its fates at every fact of small runs
//   fault_simulation --seeds 5000 & fault_simulation --from 5001 --seeds 5000 & wait
//   fault_simulation --positions --seeds 50
//                                       the long run: 10,000 seeds, some minutes on two cores;
//                                       after changes of scheduler, server, store or node
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
  bool positions = false;    // rank 0 meets every doom at every fact of a small run
  std::optional<Fate> fate;  // … this one
  bool verbose = false;
};

struct Totals {
  std::uint64_t runs = 0;
  std::uint64_t failures = 0;
  std::uint64_t steps = 0;
  std::uint64_t lives = 0;
  Tally tally;
};

constexpr std::uint64_t kEnoughSeeds = 200;  // for everything to happen

std::string program;  // for the command that repeats a failure
std::uint64_t seed_now = 0;
const World* world_now = nullptr;
std::optional<Fate> fate_now;

void print_failure(const std::string& what) {
  fmt::print(stderr, "seed {}: {}\nThe last events:\n", seed_now, what);
  if (world_now) world_now->trace().print_last(stderr);
  fmt::print(stderr, "Repeat with: {} --seed {}{} --verbose\n", program, seed_now,
             fate_now ? fmt::format(" --fact {} --doom {}", fate_now->fact,
                                    static_cast<int>(fate_now->doom))
                      : "");
}

// A failed check in the code under test aborts; everything runs in this one thread.
void aborted(int) {
  print_failure("the code under test ended the process");
  ::_exit(1);
}

// Returns how many facts were written.
std::uint64_t run_world(std::uint64_t seed, const WorldOptions& options, Totals& totals) {
  seed_now = seed;
  fate_now = options.fate;
  World world(seed, options);
  world_now = &world;
  try {
    world.run();
  } catch (const Violation& violation) {
    print_failure(violation.what);
    ++totals.failures;
  }
  ++totals.runs;
  totals.steps += world.steps();
  totals.lives += world.lives();
  totals.tally.add(world.tally());
  world_now = nullptr;
  return world.facts();
}

void run_positions(std::uint64_t seed, bool verbose, Totals& totals) {
  const std::uint64_t facts = run_world(seed, {verbose, Fate{}}, totals);
  for (std::uint64_t fact = 1; fact <= facts; ++fact)
    for (const Doom doom : kDooms) run_world(seed, {verbose, Fate{fact, doom}}, totals);
}

std::optional<Options> parse(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool takes_value = words[i] == "--seeds" || words[i] == "--seed" ||
                             words[i] == "--from" || words[i] == "--fact" || words[i] == "--doom";
    if (words[i] == "--verbose") {
      options.verbose = true;
    } else if (words[i] == "--positions") {
      options.positions = true;
    } else if (takes_value && i + 1 < words.size()) {
      const std::uint64_t value = std::strtoull(words[i + 1].c_str(), nullptr, 10);
      if (words[i] == "--seeds") options.seeds = value;
      if (words[i] == "--seed" || words[i] == "--from") options.first = value;
      if ((words[i] == "--fact" || words[i] == "--doom") && !options.fate) options.fate = Fate{};
      if (words[i] == "--fact") options.fate->fact = value;
      if (words[i] == "--doom") options.fate->doom = static_cast<Doom>(value);
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
    fmt::print(stderr,
               "usage: {} [--positions] [--seeds N] [--from N] | --seed N [--fact N --doom N]  "
               "[--verbose]\n",
               program);
    return 2;
  }
  ::signal(SIGABRT, aborted);
  Totals totals;
  for (std::uint64_t seed = options->first; seed < options->first + options->seeds; ++seed) {
    if (options->positions) {
      run_positions(seed, options->verbose, totals);
    } else {
      run_world(seed, {options->verbose, options->fate}, totals);
    }
  }
  fmt::print("{} seeds, {} runs, {} failed; {} events, {} lives of rank 0\n", options->seeds,
             totals.runs, totals.failures, totals.steps, totals.lives);
  fmt::print("{}\n", totals.tally.to_string());
  const bool enough = options->positions || (options->seeds >= kEnoughSeeds && !options->fate);
  const std::string missing = enough ? totals.tally.missing(options->positions) : "";
  if (!missing.empty())
    fmt::print(stderr, "This never happened, so nothing is known about it: {}\n", missing);
  return totals.failures == 0 && missing.empty() ? 0 : 1;
}

}  // namespace mpibatch::fault

int main(int argc, char** argv) { return mpibatch::fault::main(argc, argv); }
