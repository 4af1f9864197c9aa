#include <fmt/chrono.h>
#include <fmt/format.h>

#include <mpibatch/model/ranges.hpp>

#include "cli/csv.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::string_view kJobColumns =
    "job,queue,status,status_reason,array,size,submitted,pending,runnable,starting,running,"
    "succeeded,failed,skipped";
constexpr std::string_view kUsageColumns =
    ",attempts,attempts_succeeded,attempts_killed_for_memory,wall_p50_s,wall_p95_s,wall_max_s,"
    "wall_total_s,cpu_total_s,cpu_efficiency,memory_p50_mib,memory_p95_mib,memory_max_mib,"
    "memory_asked_mib,vcpus_used,vcpus_p95,vcpus_asked,memory_advised_mib,vcpus_advised,advice";
constexpr std::string_view kChildColumns =
    "job,index,key,status,status_reason,attempt,node,state,started_at,stopped_at,wall_s,user_s,"
    "system_s,memory_mib,cpus,vcpus,cpu_efficiency,exit_code,reason\r\n";
constexpr int kAttemptColumns = 14;
constexpr int kMicro = 6;
constexpr int kMilli = 3;
constexpr double kKibPerMib = 1024;  // MiB

// UTC, as ISO 8601 has it.
std::string utc_text(Instant at) {
  if (at == Instant{}) return {};
  const std::int64_t ms = to_us(at) / 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(ms / 1000), ms % 1000);
}

void add_percentiles(CsvLine& line, const Percentiles& of, double unit, int decimals) {
  if (of.count == 0) {
    line.empty(3);
    return;
  }
  for (const std::uint64_t value : {of.p50, of.p95, of.max})
    line.real(static_cast<double>(value) / unit, decimals);
}

void add_usage(CsvLine& line, const JobUsage& usage, const Asked& asked) {
  line.number(usage.attempts).number(usage.succeeded).number(usage.killed_for_memory);
  add_percentiles(line, usage.wall_us, 1e6, kMicro);
  line.real(usage.wall_seconds, kMicro).real(usage.cpu_seconds, kMicro);
  line.real(usage.cpu_efficiency(), kMilli);
  add_percentiles(line, usage.memory_kib, kKibPerMib, kMilli);
  const std::uint64_t memory = asked.resources.memory_mib;
  memory == 0 ? line.empty() : line.number(memory);
  line.real(usage.vcpus_used(), kMilli);
  const Percentiles& vcpus = usage.vcpus_thousands;
  vcpus.count == 0 ? line.empty() : line.real(static_cast<double>(vcpus.p95) / 1000, kMilli);
  line.number(std::uint64_t{asked.resources.vcpus});
  const std::vector<Advice> advice = advise(usage, asked);
  std::string text;
  for (const auto resource : {Advice::Resource::Memory, Advice::Resource::Vcpus}) {
    std::uint64_t ask = 0;
    for (const Advice& one : advice)
      if (one.resource == resource) {
        ask = one.ask;
        text += (text.empty() ? "" : "; ") + one.text;
      }
    ask == 0 ? line.empty() : line.number(ask);
  }
  line.text(text);
}

void add_attempt(CsvLine& line, const ChildView& child, const store::Attempt& attempt) {
  const std::uint32_t vcpus = vcpus_of(attempt, child.vcpus);
  line.number(std::uint64_t{attempt.attempt}).text(model::to_string(attempt.node));
  line.text(to_string(attempt.state)).text(utc_text(attempt.started_at));
  if (attempt.end) {
    const model::Usage& usage = attempt.end->usage;
    line.text(utc_text(attempt.end->stopped_at)).real(in_seconds(usage.wall), kMicro);
    line.real(in_seconds(usage.user), kMicro).real(in_seconds(usage.system), kMicro);
    const std::uint64_t memory = usage.memory_max_kib;
    memory == 0 ? line.empty() : line.real(static_cast<double>(memory) / kKibPerMib, kMilli);
  } else {
    line.empty(5);
  }
  line.text(model::to_string(model::ranges_of(attempt.cpus))).number(std::uint64_t{vcpus});
  if (!attempt.end) {
    line.empty(2).text(reason_text(attempt));
    return;
  }
  line.real(cpu_efficiency(attempt.end->usage, vcpus), kMilli);
  line.number(std::int64_t{model::exit_code(*attempt.end)}).text(reason_text(attempt));
}

}  // namespace

void add_jobs_csv_header(std::string& to, bool usage) {
  to += kJobColumns;
  if (usage) to += kUsageColumns;
  to += "\r\n";
}

void add_job_csv(std::string& to, const JobView& job) {
  CsvLine line(to);
  line.text(job.name).text(job.queue).text(model::to_string(job.status)).text(job.reason);
  line.text(job.array ? "1" : "0").number(std::uint64_t{job.size});
  for (const std::uint64_t count : job.counts) line.number(count);
  line.number(job.skipped);
  if (job.usage) add_usage(line, *job.usage, job.asked);
  line.end();
}

void add_children_csv_header(std::string& to) { to += kChildColumns; }

void add_child_csv(std::string& to, const ChildView& child) {
  const std::size_t rows = std::max<std::size_t>(child.attempts.size(), 1);
  for (std::size_t row = 0; row < rows; ++row) {
    CsvLine line(to);
    line.text(child.job);
    if (child.array) {
      line.number(std::uint64_t{child.index}).text(child.key);
    } else {
      line.empty(2);
    }
    line.text(model::to_string(child.status)).text(child.reason);
    if (child.attempts.empty()) {
      line.empty(kAttemptColumns);
    } else {
      add_attempt(line, child, child.attempts[row]);
    }
    line.end();
  }
}

}  // namespace mpibatch::cli
