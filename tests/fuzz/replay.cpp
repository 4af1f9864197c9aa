// The plan fuzzer without libFuzzer: the corpus as it is, then mutations of it, the same for the
// same seed. `plan_fuzz_replay [--mutations N] [--seed S] FILE-OR-FOLDER...`
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "plan_fuzz.hpp"

namespace {

namespace fs = std::filesystem;
using Random = std::mt19937_64;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

void mutate_once(std::string& input, const std::vector<std::string>& corpus, Random& random) {
  static const char* const kWords[] = {"\"", "{}", "[]",  "[[",    ": ",   "null",
                                       "-1", "0",  "1e9", "*a",    "&a ",  "Ref::{",
                                       "\n", "\t", ",",   "99999", "\xFF", "%"};
  const std::size_t at = below(random, input.size() + 1);
  const std::size_t length = below(random, std::min<std::size_t>(input.size() - at, 32) + 1);
  switch (below(random, 6)) {
    case 0:
      if (at < input.size()) input[at] = static_cast<char>(random());
      break;
    case 1:
      input.erase(at, length);
      break;
    case 2:
      input.insert(below(random, input.size() + 1), input.substr(at, length));
      break;
    case 3:
      input.insert(at, kWords[below(random, std::size(kWords))]);
      break;
    case 4:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(random, 8)));
      break;
    default: {
      const std::string& other = corpus[below(random, corpus.size())];
      const std::size_t from = below(random, other.size() + 1);
      input.replace(at, length, other.substr(from, 64));
    }
  }
}

}  // namespace

int main(int count, char** words) {
  std::size_t mutations = 0;
  std::uint64_t seed = 1;
  std::vector<fs::path> paths;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(words[i], "--mutations") == 0 && i + 1 < count) {
      mutations = std::strtoull(words[++i], nullptr, 10);
    } else if (std::strcmp(words[i], "--seed") == 0 && i + 1 < count) {
      seed = std::strtoull(words[++i], nullptr, 10);
    } else if (fs::is_directory(words[i])) {
      for (const auto& entry : fs::directory_iterator(words[i])) paths.push_back(entry.path());
    } else {
      paths.emplace_back(words[i]);
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const fs::path& path : paths) {
    corpus.push_back(read(path));
    std::printf("%s\n", path.filename().c_str());
    std::fflush(stdout);
    run(corpus.back());
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no inputs: name files or folders\n");
    return 2;
  }
  Random random(seed);
  for (std::size_t i = 0; i < mutations; ++i) {
    std::string input = corpus[below(random, corpus.size())];
    for (std::size_t n = below(random, 4) + 1; n > 0; --n) mutate_once(input, corpus, random);
    // What a crash was about is in the file that was written last.
    if (const char* last = std::getenv("PLAN_FUZZ_LAST")) std::ofstream(last) << input;
    run(input);
  }
  std::printf("%zu inputs and %zu mutations, seed %llu\n", corpus.size(), mutations,
              static_cast<unsigned long long>(seed));
  return 0;
}
