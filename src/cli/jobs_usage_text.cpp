#include <fmt/format.h>

#include "cli/output.hpp"
#include "cli/table.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

void add_three(std::vector<std::string>& cells, const Percentiles& of,
               std::string (*text)(std::uint64_t)) {
  for (const std::uint64_t value : {of.p50, of.p95, of.max})
    cells.push_back(of.count == 0 ? "" : text(value));
}

}  // namespace

std::string jobs_usage_text(const std::vector<JobView>& jobs) {
  Table table({{"JOB"},
               {"ATTEMPTS", Align::Right},
               {"WALL-P50", Align::Right},
               {"WALL-P95", Align::Right},
               {"WALL-MAX", Align::Right},
               {"MEM-P50", Align::Right},
               {"MEM-P95", Align::Right},
               {"MEM-MAX", Align::Right},
               {"MEM-ASKED", Align::Right},
               {"CPU-EFF", Align::Right},
               {"VCPUS-USED", Align::Right},
               {"VCPUS-ASKED", Align::Right}});
  std::string advice;
  for (const JobView& job : jobs) {
    if (!job.usage) continue;
    const JobUsage& usage = *job.usage;
    const model::Resources& asked = job.asked.resources;
    std::vector<std::string> cells{job.name, std::to_string(usage.attempts)};
    add_three(cells, usage.wall_us, [](std::uint64_t us) {
      return duration_text(Duration{static_cast<std::int64_t>(us)});
    });
    add_three(cells, usage.memory_kib, memory_text);
    cells.push_back(asked.memory_mib == 0 ? "" : mib_text(asked.memory_mib));
    cells.push_back(percent_text(usage.cpu_efficiency()));
    const auto used = usage.vcpus_used();
    cells.push_back(used ? fmt::format("{:.1f}", *used) : "");
    cells.push_back(std::to_string(asked.vcpus));
    table.add(std::move(cells));
    for (const Advice& one : advise(usage, job.asked))
      advice += fmt::format("{}: {}\n", printable(job.name), one.text);
  }
  return table.text() + (advice.empty() ? "" : "\n" + advice);
}

}  // namespace mpibatch::cli
