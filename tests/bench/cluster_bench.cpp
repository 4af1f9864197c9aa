// Whether rank 0 keeps up with a big cluster: CPU seconds a second of the cluster's time.
#include <benchmark/benchmark.h>

#include "bench/cluster_run.hpp"

namespace mpibatch::bench {
namespace {

constexpr std::uint32_t kCpus = 64;
constexpr std::uint32_t kSeconds = 3;

// Arguments: nodes, and milliseconds from one report of a node to its next.
void keep_up(benchmark::State& state) {
  for (auto iteration : state) {
    (void)iteration;
    ClusterRun run({static_cast<std::uint32_t>(state.range(0)), kCpus},
                   std::chrono::milliseconds(state.range(1)), kSeconds);
    run.play();
    const ClusterRun::Result& result = run.result();
    const double cpu_s = result.codec_s + result.coordinator_s + result.journal_s;
    state.SetIterationTime(cpu_s);
    state.counters["cpu_s_per_s"] = cpu_s / result.virtual_s;
    state.counters["codec_s_per_s"] = result.codec_s / result.virtual_s;
    state.counters["coordinator_s_per_s"] = result.coordinator_s / result.virtual_s;
    state.counters["journal_s_per_s"] = result.journal_s / result.virtual_s;
    state.counters["ns_each"] = cpu_s * 1e9 / static_cast<double>(result.ends);
    state.counters["ends_per_s"] = static_cast<double>(result.ends) / result.virtual_s;
    state.counters["ends_a_batch"] =
        static_cast<double>(result.ends) / static_cast<double>(result.messages);
    state.counters["utilisation"] = result.utilisation;
  }
}

BENCHMARK(keep_up)
    ->Name("cluster")
    ->ArgNames({"nodes", "report_ms"})
    ->Args({100, 100})
    ->Args({1000, 100})
    ->Args({1000, 250})
    ->Args({10000, 250})
    ->Args({10000, 1000})
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mpibatch::bench
