#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/log_choice.hpp"
#include "cli/log_follower.hpp"
#include "cli/log_output.hpp"
#include "cli/output.hpp"
#include "cli/rank_0.hpp"
#include "cli/reading.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

constexpr int kNoLine = 1;  // as grep's

struct LogsOptions {
  std::string state;
  std::string job;
  std::optional<std::string> grep;
  bool out = false;
  bool error = false;
  bool failed = false;
  bool follow = false;
  bool json = false;
  unsigned attempt = 0;  // 0: the last one
};

std::optional<store::Stream> stream_of(const LogsOptions& options) {
  if (options.out == options.error) return std::nullopt;
  return options.out ? store::Stream::Stdout : store::Stream::Stderr;
}

Result<LogChoice> choice_of(const LogsOptions& options, const PlanCopy& plan,
                            const scheduler::Scheduler& core) {
  LogChoice choice;
  choice.attempt = options.attempt;
  choice.failed = options.failed;
  if (options.job.empty()) return choice;
  const auto found = plan.find(options.job);
  if (!found) return tl::unexpected(found.error());
  choice.job = found->job;
  choice.child = found->child;
  if (!core.array(found->job)) choice.child = 0;
  choice.one = choice.child.has_value();
  return choice;
}

Result<LogStyle> style_of(const LogsOptions& options, const LogChoice& choice) {
  LogStyle style{!choice.one, options.json, {}};
  if (!options.grep) return style;
  auto pattern = LinePattern::compile(*options.grep);
  if (!pattern) return tl::unexpected(pattern.error());
  style.pattern = std::move(*pattern);
  return style;
}

class Logs {
 public:
  Logs(const LogsOptions& options, const FileSystem& files, RunReading& run, const PlanCopy& plan,
       const LogChoice& choice, LogStyle style)
      : options_(options),
        files_(files),
        run_(run),
        plan_(plan),
        choice_(choice),
        stream_(stream_of(options)),
        output_(
            std::move(style),
            [this](model::JobId job, model::ChildIndex child) { return name_of(job, child); },
            print),
        watch_(files, run.folder, choice.filter()) {}

  Result<int> show() {
    if (auto shown = show_what_is_there(); !shown) return tl::unexpected(shown.error());
    if (!options_.follow) return ended();
    LogFollower follower(
        files_, run_, watch_, choice_, stream_, output_,
        [this](const store::Attempt& attempt) { return show_attempt(attempt); },
        [this](const store::Attempt& attempt) { show_files(attempt, {}); });
    for (const store::Attempt& attempt : undecided_) follower.take_up(attempt);
    const auto end = follower.run();
    if (!end) return tl::unexpected(end.error());
    switch (*end) {
      case FollowEnd::Over:
      case FollowEnd::NoReader:
        return ended();
      case FollowEnd::Undriven:
        tell(fmt::format("nobody drives the run in '{}' now: {} for `mpibatch run`",
                         run_.folder.path, what_waits()));
        return kInterrupted;
      case FollowEnd::NewPlan:
        tell("the run follows another plan now: type this command again");
        return kInterrupted;
    }
    return kSomeFailed;
  }

 private:
  LogName name_of(model::JobId job, model::ChildIndex child) const {
    const bool array = run_.core().array(job);
    return {std::string(run_.core().name(job)), array, child,
            array ? plan_.key(job, child) : std::string()};
  }

  Result<void> show_what_is_there() {
    ChosenAttempts chosen(choice_);
    const auto add = [&](const store::Attempt& one) { chosen.add(one, run_.core()); };
    store::AttemptEvents events;
    events.ended = [&](const store::Attempt& one) {
      add(one);
      // A segment may be ahead of the journal, which says whether that is a failure.
      if (options_.follow && choice_.failed && !one.end->succeeded() &&
          !model::terminal(run_.core().state(one.execution.job, one.child)))
        undecided_.push_back(one);
    };
    std::vector<std::string> problems;
    if (auto done = watch_.look(run_.view.state, events, problems); !done) return done;
    watch_.for_each_open(run_.view.state, add);
    if (!options_.follow)
      for (const std::string& error : watch_.unread()) warn(error);
    for (const std::string& problem : problems) warn(problem);
    Result<void> shown;
    std::size_t count = 0;
    chosen.for_each([&](const store::Attempt& attempt) {
      ++count;
      shown = show_attempt(attempt);
      return shown.has_value();
    });
    if (shown) shown = output_.flush();
    if (shown && count == 0) return nothing_there(chosen.last_attempt());
    return shown;
  }

  Result<void> show_attempt(const store::Attempt& attempt) {
    if (attempt.end && !attempt.end->succeeded()) output_.announce(attempt);
    store::SegmentPosition position;
    std::array<bool, 2> packed{};  // by store::Stream
    const auto read = store::read_output(
        files_, attempt, stream_, position,
        [&](store::Stream stream, std::string_view bytes) {
          packed[stream == store::Stream::Stderr] = true;
          output_.take(attempt, stream, bytes);
        },
        [&](const store::OutputCut& cut) { output_.cut(attempt, cut); });
    if (!read) return read;
    show_files(attempt, packed);
    const bool goes_on = options_.follow && attempt.state == store::AttemptState::Running;
    if (!goes_on) output_.end(attempt);
    return {};
  }

  // Of a stream that has something packed the plan was another one then.
  void show_files(const store::Attempt& attempt, const std::array<bool, 2>& packed) {
    if (attempt.end && attempt.end->kind == model::EndKind::CannotStart) return;
    const auto [out, error] = plan_.log_files(attempt);
    if (!out.empty() && !packed[0] && stream_ != store::Stream::Stderr)
      output_.elsewhere(attempt, store::Stream::Stdout, out);
    if (!error.empty() && !packed[1] && stream_ != store::Stream::Stdout)
      output_.elsewhere(attempt, store::Stream::Stderr, error);
  }

  Result<void> nothing_there(unsigned last_attempt) const {
    const bool over = all_over(choice_, run_.core());
    if (options_.follow && !over) return {};
    if (!choice_.one || choice_.failed) {
      const auto failed = count(choice_, run_.core(), model::JobStatus::Failed);
      warn(choice_.failed && failed == 0 ? "nothing has failed" : "nothing is here yet");
      return {};
    }
    const std::string name = plan_.name(*choice_.job, choice_.child);
    if (last_attempt > 0)
      return fail(ErrorKind::NotFound, fmt::format("'{}' has no attempt {}; its last is {}", name,
                                                   choice_.attempt, last_attempt));
    const model::JobStatus status =
        model::status_of(run_.core().state(*choice_.job, *choice_.child));
    // A starter's word is in the state folder a moment after rank 0's.
    if (status == model::JobStatus::Running && choice_.attempt == 0) {
      warn("nothing is here yet");
      return {};
    }
    const std::string reason = run_.core().status_reason(*choice_.job, *choice_.child);
    return fail(ErrorKind::NotFound,
                fmt::format("no attempt of '{}' is recorded: it is {}{}", name,
                            model::to_string(status), reason.empty() ? "" : ", " + reason));
  }

  int ended() const { return options_.grep && output_.lines() == 0 ? kNoLine : kSucceeded; }

  // "'align:NA017' is RUNNABLE and waits", "3 of 'align' wait".
  std::string what_waits() const {
    const scheduler::Scheduler& core = run_.core();
    if (choice_.one)
      return fmt::format(
          "'{}' is {} and waits", printable(plan_.name(*choice_.job, choice_.child)),
          model::to_string(model::status_of(core.state(*choice_.job, *choice_.child))));
    std::uint64_t waiting = 0;
    for (int i = 0; i < model::kJobStatuses; ++i) {
      const auto status = static_cast<model::JobStatus>(i);
      if (status != model::JobStatus::Succeeded && status != model::JobStatus::Failed)
        waiting += count(choice_, core, status);
    }
    return fmt::format("{} of {} {}", waiting,
                       choice_.job ? fmt::format("'{}'", core.name(*choice_.job)) : "the plan",
                       waiting == 1 ? "waits" : "wait");
  }

  static void tell(const std::string& message) { fmt::print(stderr, "mpibatch: {}\n", message); }

  const LogsOptions& options_;
  const FileSystem& files_;
  RunReading& run_;
  const PlanCopy& plan_;
  const LogChoice choice_;
  const std::optional<store::Stream> stream_;
  LogOutput output_;
  store::AttemptWatch watch_;
  std::vector<store::Attempt> undecided_;  // ended badly, of children that are not over
};

int show_logs(const LogsOptions& options, const FileSystem& files) {
  end_with_the_reader();
  if (options.job.empty() && !options.failed)
    return report({ErrorKind::Usage, "name a job, or --failed (see `mpibatch logs --help`)"});
  auto run = read_run(files, options.state);
  if (!run) return report(run.error());
  const auto plan = PlanCopy::load(files, run->folder, run->core());
  if (!plan) return report(plan.error());
  const auto choice = choice_of(options, *plan, run->core());
  if (!choice) return report(choice.error());
  auto style = style_of(options, *choice);
  if (!style) return report(style.error());
  const auto code = Logs(options, files, *run, *plan, *choice, std::move(*style)).show();
  return code ? *code : report(code.error());
}

}  // namespace

void add_logs(CLI::App& app, Context& context) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* command = app.add_subcommand("logs", "what attempts have printed so far");
  command
      ->add_option("JOB", options->job,
                   "a job (of an array: all children), or one child: JOB:INDEX or JOB:KEY")
      ->type_name("");
  command->add_flag("-f,--follow", options->follow,
                    "go on with what is printed, until all of it is over (75: until nobody drives "
                    "the run)");
  command->add_flag("--stdout", options->out, "only the standard output");
  command->add_flag("--stderr", options->error, "only the standard error");
  command
      ->add_option("--grep", options->grep,
                   "only lines that match this POSIX extended regular expression; exit code 1 if "
                   "none does")
      ->type_name("RE");
  command->add_option("--attempt", options->attempt, "not the last attempt, but this one")
      ->type_name("N")
      ->check(CLI::Range(1U, 10U));
  command->add_flag("--failed", options->failed,
                    "only what failed; of all jobs where none is named");
  command->add_flag("--json", options->json, "an object a line, as it was printed");
  add_state_option(*command, options->state);
  command->footer(
      "Examples:\n"
      "  mpibatch logs align:NA017\n"
      "  mpibatch logs align:NA017 --follow\n"
      "  mpibatch logs align --grep '[0-9]+ reads? lost'\n"
      "  mpibatch logs --failed --stderr | less");
  command->callback(
      [options, &context] { context.exit_code = show_logs(*options, context.files); });
}

}  // namespace mpibatch::cli
