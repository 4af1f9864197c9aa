// What the core costs: seconds and bytes for each array child and each job of a graph. Reported per
// child or job, so that rows of different sizes compare.
#include <benchmark/benchmark.h>

#include "bench/core_run.hpp"
#include "bench/memory.hpp"
#include "bench/plans.hpp"

namespace mpibatch::bench {
namespace {

constexpr ClusterSize kOneNode{1, 1000};
constexpr ClusterSize kSomeNodes{16, 64};
constexpr std::uint64_t kFailEvery = 100;

enum class How : std::uint8_t { Rounds, OneByOne, Failing };

void report(benchmark::State& state, const CoreRun& run, std::uint64_t waiting_bytes,
            std::uint64_t ended_bytes) {
  const auto each = static_cast<double>(run.ended());
  state.SetIterationTime(run.seconds());
  state.counters["ns_each"] = run.seconds() * 1e9 / each;
  state.counters["bytes_waiting"] = static_cast<double>(waiting_bytes) / each;
  state.counters["bytes_ended"] = static_cast<double>(ended_bytes) / each;
  state.counters["adopt_s"] = run.adoption_seconds();
  state.counters["adopt_peak_bytes"] = static_cast<double>(run.adoption_peak_bytes()) / each;
}

void play(benchmark::State& state, model::PlanAdopted (*make)(std::uint32_t), ClusterSize cluster,
          How how) {
  for (auto iteration : state) {
    (void)iteration;
    ::malloc_trim(0);
    const std::uint64_t before = heap_bytes();
    CoreRun run(make(static_cast<std::uint32_t>(state.range(0))), cluster);
    const std::uint64_t waiting = heap_bytes() - before;
    if (how == How::Failing) run.fail_every(kFailEvery);
    if (how == How::OneByOne)
      run.play_one_by_one();
    else
      run.play_in_rounds();
    run.forget_nodes();
    const std::uint64_t ended = heap_bytes() - before;
    report(state, run, waiting, ended);
  }
}

void sizes(benchmark::internal::Benchmark* bench, int least_power, int most_power) {
  bench->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
  std::int64_t size = 1;
  for (int power = 0; power <= most_power; ++power, size *= 10)
    if (power >= least_power) bench->Arg(size);
}

void add(const char* name, model::PlanAdopted (*make)(std::uint32_t), ClusterSize cluster, How how,
         int most_power) {
  sizes(benchmark::RegisterBenchmark(name, play, make, cluster, how), 4, most_power);
}

const bool kAdded = [] {
  add("array/one_node", array_plan, kOneNode, How::Rounds, 7);
  add("array/16_nodes", array_plan, kSomeNodes, How::Rounds, 7);
  add("array/one_by_one", array_plan, kSomeNodes, How::OneByOne, 7);
  add("array/1_percent_fails", array_plan, kSomeNodes, How::Failing, 7);
  add("chain", chain_plan, kSomeNodes, How::Rounds, 7);
  add("fan", fan_plan, kSomeNodes, How::Rounds, 7);
  add("fan/one_by_one", fan_plan, kSomeNodes, How::OneByOne, 7);
  add("random", random_plan, kSomeNodes, How::Rounds, 7);
  return true;
}();

}  // namespace
}  // namespace mpibatch::bench

int main(int argc, char** argv) {
#ifdef NDEBUG
  benchmark::AddCustomContext("optimized", "yes");
#else
  benchmark::AddCustomContext("optimized", "no");
#endif
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
