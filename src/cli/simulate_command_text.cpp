// What `mpibatch simulate` shows a person.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "cli/output.hpp"
#include "cli/simulate_command.hpp"
#include "cli/table.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::size_t kWidth = 80;  // of a terminal
constexpr std::size_t kChartRows = 8;
constexpr std::size_t kPathRows = 20;
constexpr double kWorthIt = 0.7;  // efficiency
constexpr std::array<std::string_view, 9> kBlocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

std::string seconds_text(double seconds) {
  return duration_text(Duration{static_cast<std::int64_t>(seconds * 1e6)});
}

double ratio(const sim::Report& report) {
  const double bound = static_cast<double>(report.bound.value().count());
  return bound > 0 ? static_cast<double>(report.makespan.count()) / bound : 1;
}

std::string percent(double part) { return fmt::format("{:.1f} %", part * 100); }

std::string name_of(const model::Plan& plan, const sim::PathStep& step) {
  const model::PlannedJob& job = plan.jobs[step.job];
  return printable(step.child ? job.spec.name + ":" + model::key_of(job, *step.child)
                              : job.spec.name);
}

// Averages over columns of equal width.
std::vector<double> columns_of(const sim::Load& load, std::size_t width) {
  const std::size_t steps = load.busy.size();
  if (steps <= width) {
    std::vector<double> columns;
    for (std::size_t i = 0; i < width && steps > 0; ++i)
      columns.push_back(load.busy[i * steps / width]);
    return columns;
  }
  std::vector<double> columns(width, 0);
  const double each = static_cast<double>(steps) / static_cast<double>(width);
  for (std::size_t column = 0; column < width; ++column) {
    const double begin = static_cast<double>(column) * each;
    const double end = begin + each;
    for (auto step = static_cast<std::size_t>(begin);
         step < steps && static_cast<double>(step) < end; ++step) {
      const double from = std::max(begin, static_cast<double>(step));
      const double to = std::min(end, static_cast<double>(step + 1));
      columns[column] += load.busy[step] * (to - from) / each;
    }
  }
  return columns;
}

std::string chart(const sim::Report& report) {
  const std::string top = std::to_string(report.load.capacity);
  const std::size_t width = kWidth - top.size() - 2;
  const std::vector<double> columns = columns_of(report.load, width);
  if (columns.empty() || report.load.capacity == 0) return {};
  std::string text = "\nbusy CPUs over time\n";
  for (std::size_t row = kChartRows; row-- > 0;) {
    std::string_view label;
    if (row + 1 == kChartRows) label = top;
    if (row == 0) label = "0";
    text += fmt::format("{:>{}} ", label, top.size());
    for (const double busy : columns) {
      const double height =
          busy / static_cast<double>(report.load.capacity) * kChartRows - static_cast<double>(row);
      const auto eighths = static_cast<std::size_t>(std::clamp(std::ceil(height * 8), 0.0, 8.0));
      text += kBlocks[eighths];
    }
    while (text.back() == ' ') text.pop_back();
    text += '\n';
  }
  const std::string end = duration_text(report.makespan);
  return text + fmt::format("{:>{}} 0{:>{}}\n", "", top.size(), end, width - 1);
}

std::string queues(const sim::Report& report) {
  Table table({{"QUEUE"},
               {"TASKS", Align::Right},
               {"WAIT MEAN", Align::Right},
               {"MEDIAN", Align::Right},
               {"P95", Align::Right},
               {"MAX", Align::Right},
               {"SLOWDOWN", Align::Right},
               {"P95", Align::Right}});
  const auto add = [&](const std::string& name, const sim::QueueReport& queue) {
    const sim::Distribution& wait = queue.waiting;
    table.add({name, std::to_string(wait.count), seconds_text(wait.mean), seconds_text(wait.median),
               seconds_text(wait.p95), seconds_text(wait.max),
               fmt::format("{:.2f}", queue.slowdown.mean),
               fmt::format("{:.2f}", queue.slowdown.p95)});
  };
  for (const sim::QueueReport& queue : report.queues)
    if (queue.waiting.count > 0) add(printable(queue.name), queue);
  return table.empty() ? std::string() : "\n" + table.text();
}

std::string path(const model::Plan& plan, const sim::LowerBound& bound) {
  if (bound.path.empty()) return {};
  Table table({{"START", Align::Right}, {"TAKES", Align::Right}, {"CRITICAL PATH"}});
  const std::size_t steps = bound.path.size();
  for (std::size_t i = 0; i < steps; ++i) {
    if (steps > kPathRows && i == kPathRows / 2) {
      table.add({"…", "…", fmt::format("({} more)", steps - kPathRows)});
      i = steps - kPathRows / 2;
    }
    const sim::PathStep& step = bound.path[i];
    table.add({duration_text(step.start), duration_text(step.takes), name_of(plan, step)});
  }
  return "\n" + table.text();
}

std::string cluster(const Simulated& simulated) {
  return fmt::format("{} with {} in all", counted(simulated.nodes, "node"),
                     counted(simulated.vcpus, "CPU"));
}

std::string verdict(const Simulated& simulated) {
  const sim::Report& report = simulated.report;
  if (report.fits && simulated.walltime)
    return fmt::format("it fits into {}, with {} left\n", duration_text(*simulated.walltime),
                       duration_text(*simulated.walltime - report.makespan));
  if (report.fits) return {};
  const std::uint64_t good = report.counts.good();
  const std::uint64_t bad = report.counts.total() - good;
  std::string text = fmt::format("{} of {} {} not succeed:\n", bad,
                                 counted(report.counts.total(), "task"), bad == 1 ? "does" : "do");
  for (const std::string& reason : report.reasons) text += "  " + printable(reason) + "\n";
  return text;
}

}  // namespace

double sweep_efficiency(const Simulated& first, const Simulated& one) {
  const auto cost = [](const Simulated& simulated) {
    return static_cast<double>(simulated.report.makespan.count()) *
           static_cast<double>(simulated.nodes);
  };
  return cost(one) > 0 ? cost(first) / cost(one) : 1;
}

std::string simulate_text(const std::string& source, const model::Plan& plan,
                          const Simulated& simulated) {
  const sim::Report& report = simulated.report;
  const sim::LowerBound& bound = report.bound;
  std::string text = fmt::format("{} on {}\n\n", source, cluster(simulated));
  // The bound is that of all the work.
  text += fmt::format("makespan      {}, {}\n", duration_text(report.makespan),
                      report.fits ? fmt::format("{:.3f} times the lower bound", ratio(report))
                                  : std::string("in which not all of it succeeds"));
  text += fmt::format("lower bound   {}: critical path {}, work over capacity {}\n",
                      duration_text(bound.value()), duration_text(bound.critical_path),
                      duration_text(bound.work));
  text += fmt::format("utilisation   {}\n", percent(report.utilisation));
  if (simulated.learned > 0)
    text += fmt::format("learned       durations of {} of {}\n", simulated.learned,
                        counted(plan.jobs.size(), "job"));
  if (report.nodes_lost > 0)
    text +=
        fmt::format("losses        {}, with {} that ran there\n",
                    counted(report.nodes_lost, "node"), counted(report.attempts_lost, "attempt"));
  text += verdict(simulated);
  for (const std::string& note : report.notes) text += "note: " + printable(note) + "\n";
  text += queues(report) + path(plan, bound) + chart(report);
  return text + fmt::format("\nsimulated in {}\n", duration_text(simulated.elapsed));
}

std::string sweep_text(const std::string& source, const std::vector<Simulated>& sweep) {
  Table table({{"NODES", Align::Right},
               {"CPUS", Align::Right},
               {"MAKESPAN", Align::Right},
               {"LOWER BOUND", Align::Right},
               {"UTILISATION", Align::Right},
               {"EFFICIENCY", Align::Right},
               {"FITS"}});
  // Efficiency means something only beside one that did all of the work.
  const auto first = std::find_if(sweep.begin(), sweep.end(),
                                  [](const Simulated& one) { return one.report.fits; });
  const Simulated* worth = nullptr;
  for (const Simulated& one : sweep) {
    std::string makespan;
    std::string utilisation;
    std::string efficiency;
    if (one.report.fits) {
      makespan = duration_text(one.report.makespan);
      utilisation = percent(one.report.utilisation);
      const double value = sweep_efficiency(*first, one);
      efficiency = fmt::format("{:.2f}", value);
      if (value >= kWorthIt && (worth == nullptr || one.nodes > worth->nodes)) worth = &one;
    }
    table.add({std::to_string(one.nodes), std::to_string(one.vcpus), makespan,
               duration_text(one.report.bound.value()), utilisation, efficiency,
               one.report.fits ? "yes" : "no"});
  }
  std::string text = fmt::format("{}\n\n{}\n", source, table.text());
  for (const Simulated& one : sweep)
    if (!one.report.reasons.empty())
      text += fmt::format("with {}: {}\n", counted(one.nodes, "node"),
                          printable(one.report.reasons.front()));
  if (worth != nullptr)
    text += fmt::format("{} {} worth it: efficiency is {} or better up to there\n",
                        counted(worth->nodes, "node"), worth->nodes == 1 ? "is" : "are", kWorthIt);
  return text;
}

}  // namespace mpibatch::cli
