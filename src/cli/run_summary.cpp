#include "cli/run_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <tuple>

#include <mpibatch/base/shell_quote.hpp>
#include <mpibatch/plan/load.hpp>
#include <mpibatch/store/run_view.hpp>

#include "cli/output.hpp"

namespace mpibatch::cli {

namespace {

using model::ChildState;

constexpr std::size_t kGroupsMax = 10;
constexpr std::size_t kNamedMax = 5;
constexpr std::size_t kStderrLines = 5;

// Failures that look alike: one definition, one way to fail.
using Reason = std::tuple<std::string, model::EndKind, std::int32_t, std::string>;
struct Group {
  std::uint64_t count = 0;
  std::vector<std::pair<model::JobId, model::ChildIndex>> children;  // the first few
};

std::string words(const Reason& reason) {
  const auto& [definition, kind, code, text] = reason;
  std::string what;
  switch (kind) {
    case model::EndKind::Exited:
      what = fmt::format("exit code {}", code);
      break;
    case model::EndKind::Signaled:
      if (!text.empty()) return printable(text);  // it names the signal
      what = fmt::format("killed by signal {}", code);
      break;
    case model::EndKind::TimedOut:
      what = std::string(model::kReasonTimeout);
      break;
    case model::EndKind::CannotStart:
      what = fmt::format("cannot be started ({})", code);
      break;
    case model::EndKind::Stopped:
      return text.empty() ? "lost" : printable(text);
    case model::EndKind::OutOfMemory:
      what = std::string(model::kReasonOutOfMemory);
      break;
  }
  return text.empty() ? what : what + ": " + printable(text);
}

class Summary {
 public:
  Summary(const FileSystem& files, const store::StateFolder& folder, const store::RunView& view)
      : files_(files), folder_(folder), view_(view), core_(view.scheduler()) {}

  void counts(Duration took) const {
    const scheduler::Counts counts = core_.counts();
    std::string line = fmt::format("{} of {} SUCCEEDED", counts[ChildState::Succeeded],
                                   counted(counts.total(), "task"));
    const auto add = [&](ChildState state, std::string_view what) {
      if (counts[state] > 0) line += fmt::format(", {} {}", counts[state], what);
    };
    add(ChildState::Skipped, "skipped");
    add(ChildState::Failed, "FAILED");
    add(ChildState::DependencyFailed, "not run since what it depends on failed");
    add(ChildState::Cancelled, "cancelled");
    if (const std::uint64_t open = counts.total() - counts.terminal())
      line += fmt::format(", {} not done", open);
    if (took > Duration{0}) line += fmt::format(", in {}", duration_text(took));
    fmt::print(stderr, "mpibatch: {}\n", line);
  }

  // True if something failed.
  bool failures() const {
    std::map<Reason, Group> groups;
    for (std::uint32_t number = 0; number < core_.job_count(); ++number) {
      const model::JobId job{number};
      if (!core_.in_plan(job) || core_.counts(job)[ChildState::Failed] == 0) continue;
      const model::ChildIndex size = core_.size(job);
      const std::string definition = definition_of(job);
      for (model::ChildIndex child = 0; child < size; ++child) {
        if (core_.state(job, child) != ChildState::Failed) continue;
        Group& group = groups[reason_of(definition, core_.last_failure(job, child))];
        if (++group.count <= kNamedMax) group.children.emplace_back(job, child);
      }
    }
    std::size_t shown = 0;
    for (const auto& [reason, group] : groups) {
      if (++shown > kGroupsMax) break;
      print(reason, group);
    }
    if (groups.size() > kGroupsMax)
      fmt::print(stderr, "  … and {} more; see `mpibatch jobs --status FAILED{}`\n",
                 groups.size() - kGroupsMax, state());
    return !groups.empty();
  }

  // What only a user lets go on, and how.
  void held(const std::vector<std::string>& told) const {
    for (const std::string& line : core_.held())
      if (std::find(told.begin(), told.end(), line) == told.end())
        fmt::print(stderr, "mpibatch: {}\n", line);
  }

 private:
  static Reason reason_of(const std::string& definition,
                          const std::optional<model::FailedAttempt>& last) {
    if (!last) return {definition, {}, 0, {}};
    // What each of them used differs.
    const bool alike = last->kind == model::EndKind::OutOfMemory;
    return {definition, last->kind, last->code, alike ? std::string() : last->reason};
  }

  // Its own name, where it carries its definition with it.
  std::string definition_of(model::JobId job) const {
    for (const model::PlannedJob& planned : plan().jobs)
      if (planned.spec.name == core_.name(job) && !planned.execution.definition.empty())
        return planned.execution.definition;
    return std::string(core_.name(job));
  }

  void print(const Reason& reason, const Group& group) const {
    std::string names;
    for (const auto& [job, child] : group.children)
      names += (names.empty() ? "" : ", ") + shell_quote(reference(job, child));
    if (group.count > group.children.size()) names += ", …";
    fmt::print(stderr, "\n  {} of '{}' FAILED: {}\n    {}\n", counted(group.count, "task"),
               std::get<0>(reason), words(reason), names);
    const auto [job, first] = group.children.front();
    const auto attempts = store::list_attempts(files_, folder_, view_.state, {job, first});
    if (attempts && !attempts->attempts.empty()) {
      const store::Attempt& last = attempts->attempts.back();
      fmt::print(stderr, "    on node {}; last lines of stderr:\n", model::to_string(last.node));
      const auto tail = store::tail_output(files_, last, store::Stream::Stderr, kStderrLines);
      if (tail) print_indented(*tail);
    }
    fmt::print(stderr, "    all of its output: mpibatch logs {}{}\n",
               shell_quote(reference(job, first)), state());
  }

  static void print_indented(const std::string& text) {
    if (text.empty()) fmt::print(stderr, "      (nothing)\n");
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      fmt::print(stderr, "      {}\n", printable(text.substr(begin, end - begin)));
      begin = end + 1;
    }
  }

  // What every command takes for it: JOB, or JOB:KEY.
  std::string reference(model::JobId job, model::ChildIndex child) const {
    const std::string name(core_.name(job));
    if (!core_.array(job)) return name;
    for (const model::PlannedJob& planned : plan().jobs)
      if (planned.spec.name == name && child < planned.spec.size)
        return name + ":" + model::key_of(planned, child);
    return fmt::format("{}:{}", name, child);
  }

  // Only where something failed: to read it takes time.
  const model::Plan& plan() const {
    if (!plan_) {
      plan_.emplace();
      if (auto loaded = plan::load_copy(files_, folder_.plan(core_.revision())))
        plan_ = std::move(loaded->plan);
    }
    return *plan_;
  }

  std::string state() const { return " --state " + shell_quote(folder_.path); }

  const FileSystem& files_;
  const store::StateFolder& folder_;
  const store::RunView& view_;
  const scheduler::Scheduler& core_;
  mutable std::optional<model::Plan> plan_;
};

}  // namespace

void print_summary(const FileSystem& files, const store::StateFolder& folder,
                   const server::RunResult& result, const SummaryContext& context) {
  for (const std::string& reason : result.reasons) fmt::print(stderr, "mpibatch: {}\n", reason);
  const auto view = store::read_run(files, folder);
  if (!view) {
    fmt::print(stderr, "mpibatch: {}\n", view.error().message);
    return;
  }
  const Summary summary(files, folder, *view);
  summary.counts(context.took);
  const bool failed = summary.failures();
  if (failed) fmt::print(stderr, "\n");
  summary.held(result.reasons);
  if (result.end == server::RunEnd::Refused)
    fmt::print(stderr, "mpibatch: nothing new was started\n");
  else if (context.rehearsal && !view->scheduler().finished() &&
           result.end == server::RunEnd::Succeeded)
    fmt::print(stderr, "mpibatch: that was a rehearsal. To run the rest: {}\n", context.again);
  else if (result.end == server::RunEnd::Interrupted || result.end == server::RunEnd::Stuck)
    fmt::print(stderr, "mpibatch: {}what is done stays done. To go on: {}\n",
               view->scheduler().all_held() ? "" : "interrupted; ", context.again);
  else if (failed && result.end == server::RunEnd::SomeFailed)
    fmt::print(stderr, "mpibatch: to run again what failed: {}\n", context.again);
}

}  // namespace mpibatch::cli
