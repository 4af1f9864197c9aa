#include "sim/statistics.hpp"

#include <algorithm>

namespace mpibatch::sim {

namespace {

// Below this a task counts as if it took so long: else slowdown speaks of the shortest tasks alone.
constexpr double kSlowdownBound = 10;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Statistics::Statistics(const model::Plan& plan, Instant begin)
    : plan_(plan),
      begin_(begin),
      last_end_(begin),
      waiting_(plan.jobs, begin),
      meter_(begin),
      queues_(plan.rules.queues.size()) {}

void Statistics::count(std::uint32_t job, Duration waited, Duration took, std::uint64_t times) {
  const double wait = std::max(0.0, seconds(waited));
  const double time = seconds(took);
  const double slowdown = std::max(1.0, (wait + time) / std::max(time, kSlowdownBound));
  Queue& queue = queues_[plan_.jobs[job].spec.queue];
  for (Queue* one : {&all_, &queue}) {
    one->waiting.add(wait, times);
    one->slowdown.add(slowdown, times);
  }
}

void Statistics::ended(std::uint32_t job, const Running& running) {
  const model::Range& children = running.children;
  const Duration took = running.end - running.start;
  if (waiting_.single(job)) {
    for (model::ChildIndex child = children.begin; child < children.end; ++child)
      count(job, running.start - waiting_.ready(job, child), took, 1);
  } else {
    count(job, running.start - waiting_.ready(job, children.begin), took, children.size());
  }
  waiting_.ended(job, children, running.end);
  attempts_ += children.size();
  last_end_ = std::max(last_end_, running.end);
}

void Statistics::lost(std::uint64_t attempts, Instant now) {
  ++nodes_lost_;
  attempts_ += attempts;
  attempts_lost_ += attempts;
  if (attempts > 0) last_end_ = std::max(last_end_, now);
}

void Statistics::fill(Report& report, std::uint64_t vcpus) const {
  report.makespan = last_end_ - begin_;
  report.utilisation = meter_.utilisation(last_end_);
  report.load = meter_.load(last_end_, vcpus);
  report.all = {{}, all_.waiting.distribution(), all_.slowdown.distribution()};
  for (std::size_t i = 0; i < queues_.size(); ++i)
    report.queues.push_back({plan_.rules.queues[i].name, queues_[i].waiting.distribution(),
                             queues_[i].slowdown.distribution()});
  report.attempts = attempts_;
  report.attempts_lost = attempts_lost_;
  report.nodes_lost = nodes_lost_;
}

}  // namespace mpibatch::sim
