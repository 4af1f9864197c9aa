// How long a run's state takes to come back from the disk: recovery_bench FOLDER JOBS ROUNDS
// Writes runs that are over, as an array and as jobs of their own, and folds them: from the journal
// alone, and from a snapshot with the rest of the journal, where that is as long as it gets before
// rank 0 makes the next snapshot. Prints JSON.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/store/fold.hpp>
#include <mpibatch/store/journal.hpp>
#include <mpibatch/store/snapshot.hpp>
#include "bench/core_run.hpp"
#include "bench/plans.hpp"

namespace mpibatch::bench {
namespace {

namespace fs = std::filesystem;

constexpr ClusterSize kCluster{16, 64};
constexpr std::uint64_t kFactsACommit = 10'000;
constexpr std::uint64_t kBytesBetweenSnapshots = std::uint64_t{64} << 20;  // as cli/run_snapshots

struct Mark {
  std::uint64_t facts = 0;
  std::uint64_t bytes = 0;
};

// How long the journal was at each commit.
std::vector<Mark> write_journal(FileSystem& files, const store::StateFolder& folder,
                                model::PlanAdopted plan) {
  auto journal = store::JournalWriter::create(files, folder, "bench", model::Epoch{1}, {});
  MPIBATCH_CHECK(journal.has_value());
  std::vector<Mark> marks;
  std::uint64_t facts = 0;
  const auto commit = [&] {
    marks.push_back({facts, (*journal)->bytes()});
    MPIBATCH_CHECK((*journal)->commit().has_value());
  };
  CoreRun run(std::move(plan), kCluster, [&](const model::Fact& fact) {
    facts = (*journal)->append(fact);
    if (facts % kFactsACommit == 0) commit();
  });
  run.play_in_rounds();
  commit();
  return marks;
}

// Of a short journal, half.
std::uint64_t facts_of_snapshot(const std::vector<Mark>& marks) {
  const Mark& all = marks.back();
  const std::uint64_t rest = std::min(kBytesBetweenSnapshots, all.bytes / 2);
  for (const Mark& mark : marks)
    if (mark.bytes + rest >= all.bytes) return mark.facts < all.facts ? mark.facts : all.facts / 2;
  return all.facts / 2;
}

std::uint64_t bytes_below(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

class Report {
 public:
  void time(const char* jobs, const char* source, const FileSystem& files,
            const store::StateFolder& folder, std::uint64_t count, int rounds) {
    std::printf("%s{\"jobs\": \"%s\", \"from\": \"%s\", \"seconds\": [", first_ ? "" : ",\n ", jobs,
                source);
    first_ = false;
    std::uint64_t facts = 0;
    for (int round = 0; round < rounds; ++round) {
      const auto began = std::chrono::steady_clock::now();
      const auto state = store::fold(files, folder);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
      MPIBATCH_CHECK(state.has_value());
      MPIBATCH_CHECK(state->scheduler.finished());
      MPIBATCH_CHECK(state->scheduler.counts().good() == count);
      facts = state->facts;
      std::printf("%s%.4f", round == 0 ? "" : ", ", took.count());
    }
    std::printf("], \"facts\": %llu, \"journal_bytes\": %llu, \"snapshot_bytes\": %llu}",
                static_cast<unsigned long long>(facts),
                static_cast<unsigned long long>(bytes_below(folder.journal())),
                static_cast<unsigned long long>(
                    fs::exists(folder.snapshots()) ? bytes_below(folder.snapshots()) : 0));
  }

 private:
  bool first_ = true;
};

void measure(Report& report, const std::string& parent, const char* jobs, model::PlanAdopted plan,
             std::uint64_t count, int rounds) {
  PosixFileSystem files;
  const store::StateFolder folder{parent + "/" + jobs};
  for (const std::string& path : {folder.path, folder.journal(), folder.snapshots()})
    MPIBATCH_CHECK(files.make_folder(path).has_value());
  const std::vector<Mark> marks = write_journal(files, folder, std::move(plan));
  report.time(jobs, "journal", files, folder, count, rounds);
  const auto snapshot =
      store::compact(files, folder, nullptr, {model::Epoch{1}, facts_of_snapshot(marks)});
  MPIBATCH_CHECK(snapshot.has_value());
  MPIBATCH_CHECK(store::publish_snapshot(files, folder, snapshot->path).has_value());
  report.time(jobs, "snapshot and journal", files, folder, count, rounds);
  fs::remove_all(folder.path);
}

}  // namespace
}  // namespace mpibatch::bench

int main(int argc, char** argv) {
  const long jobs = argc == 4 ? std::atol(argv[2]) : 0;
  const int rounds = argc == 4 ? std::atoi(argv[3]) : 0;
  if (jobs < 4 || jobs > 100'000'000 || rounds < 1) {
    std::fprintf(stderr, "usage: %s FOLDER JOBS ROUNDS\n", argv[0]);
    return 2;
  }
  using namespace mpibatch::bench;
  const auto count = static_cast<std::uint32_t>(jobs);
  Report report;
  std::printf("[");
  measure(report, argv[1], "array", array_plan(count), count, rounds);
  measure(report, argv[1], "fan", fan_plan(count), count, rounds);
  measure(report, argv[1], "chain", chain_plan(count), count, rounds);
  std::printf("]\n");
  return 0;
}
