// What a former run's attempts took.
#include <unordered_map>

#include "cli/output.hpp"
#include "cli/reading.hpp"
#include "cli/simulate_command.hpp"

namespace mpibatch::cli {

namespace {

// The times of one job, and where its children are in the plan of today.
class Lesson {
 public:
  explicit Lesson(const model::PlannedJob& job) : job_(job), keys_(job) {}

  void take(model::ChildIndex old, const std::string& key, double seconds) {
    sum_ += seconds;
    ++count_;
    if (!job_.spec.array) return;
    const auto child = find(old, key);
    if (!child) return;
    if (seconds_.empty()) seconds_.resize(job_.spec.size, 0);
    seconds_[*child] = static_cast<float>(seconds);
  }
  sim::LearnedJob learned() && {
    const double mean = sum_ / static_cast<double>(count_);
    return {Duration{std::max<std::int64_t>(1, static_cast<std::int64_t>(mean * 1e6))},
            std::move(seconds_)};
  }

 private:
  std::optional<model::ChildIndex> find(model::ChildIndex old, const std::string& key) {
    const model::ChildIndex size = job_.spec.size;
    if (old < size && keys_.key(old) == key) return old;  // as it mostly is
    if (places_.empty())
      for (model::ChildIndex child = 0; child < size; ++child)
        places_.emplace(keys_.key(child), child);
    const auto found = places_.find(key);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }

  const model::PlannedJob& job_;
  model::KeyWriter keys_;
  std::unordered_map<std::string, model::ChildIndex> places_;
  std::vector<float> seconds_;
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace

Result<std::map<std::string, sim::LearnedJob>> learn_durations(const FileSystem& files,
                                                               const std::string& state,
                                                               const model::Plan& plan) {
  const auto run = read_run(files, state);
  if (!run) return tl::unexpected(run.error());
  const auto copy = PlanCopy::load(files, run->folder, run->core());
  if (!copy) return tl::unexpected(copy.error());
  std::map<std::string, const model::PlannedJob*> jobs;
  for (const model::PlannedJob& job : plan.jobs) jobs.emplace(job.spec.name, &job);

  std::map<std::string, Lesson> lessons;
  std::vector<std::string> problems;
  const auto read = store::for_each_attempt(
      files, run->folder, run->view.state, {},
      [&](const store::Attempt& attempt) {
        if (!attempt.end || !attempt.end->succeeded()) return;
        const model::JobId id = attempt.execution.job;
        const auto job = jobs.find(copy->name(id, std::nullopt));
        if (job == jobs.end()) return;
        const double seconds = static_cast<double>(attempt.end->usage.wall.count()) / 1e6;
        lessons.try_emplace(job->first, *job->second)
            .first->second.take(attempt.child, copy->key(id, attempt.child), seconds);
      },
      problems);
  if (!read) return tl::unexpected(read.error());
  for (const std::string& problem : problems) warn(problem);
  std::map<std::string, sim::LearnedJob> learned;
  for (auto& [name, lesson] : lessons) learned.emplace(name, std::move(lesson).learned());
  if (learned.empty())
    return fail(ErrorKind::NotFound, "no attempt of a job of this plan has succeeded in '" +
                                         run->folder.path + "': there is nothing to learn from it");
  return learned;
}

}  // namespace mpibatch::cli
