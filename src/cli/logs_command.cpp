#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/child_views.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/reading.hpp"
#include "cli/state_option.hpp"
#include "cli/views.hpp"

namespace mpibatch::cli {

namespace {

struct LogsOptions {
  std::string state;
  std::string job;
  bool out = false;
  bool error = false;
  bool failed = false;
  unsigned attempt = 0;  // 0: the last one
};

std::string name_of(const ChildView& child) {
  return child.array ? fmt::format("{}:{}", child.job, child.key) : child.job;
}

// The last one that was counted as this attempt: one that the run stopped is run again.
const store::Attempt* attempt_of(const ChildView& child, unsigned number) {
  for (auto attempt = child.attempts.rbegin(); attempt != child.attempts.rend(); ++attempt)
    if (number == 0 || attempt->attempt == number) return &*attempt;
  return nullptr;
}

std::string header(const ChildView& child, const store::Attempt& attempt) {
  const std::string exit = exit_text(attempt);
  const std::string reason = reason_text(attempt);
  return fmt::format("==> {}, attempt {} on {}{}{} <==\n", printable(name_of(child)),
                     attempt.attempt, model::to_string(attempt.node),
                     exit.empty() || exit == "0" ? "" : ", exit code " + exit,
                     reason.empty() ? "" : ": " + printable(reason));
}

class Printer {
 public:
  Printer(const FileSystem& files, std::optional<store::Stream> stream, bool headers)
      : files_(files), stream_(stream), headers_(headers) {}

  Result<void> show(const ChildView& child, const store::Attempt& attempt) {
    if (headers_) {
      const std::string text = (at_line_begin_ ? "" : "\n") + header(child, attempt);
      if (auto printed = print(text); !printed) return printed;
      at_line_begin_ = true;
    }
    Result<void> printed;
    store::SegmentPosition position;
    const auto take = [&](store::Stream, std::string_view bytes) {
      if (!printed || bytes.empty()) return;
      at_line_begin_ = bytes.back() == '\n';
      printed = print(bytes);
    };
    const auto read = store::read_output(files_, attempt, stream_, position, take);
    return printed ? read : printed;
  }

 private:
  const FileSystem& files_;
  const std::optional<store::Stream> stream_;
  const bool headers_;
  bool at_line_begin_ = true;
};

// Why there is nothing to show of a child.
std::string nothing_of(const ChildView& child, unsigned attempt) {
  const std::string name = name_of(child);
  if (!child.attempts.empty())
    return fmt::format("'{}' has no attempt {}; its last is {}", name, attempt,
                       child.attempts.back().attempt);
  return fmt::format("no attempt of '{}' is recorded: it is {}{}", name,
                     model::to_string(child.status),
                     child.reason.empty() ? "" : ", " + child.reason);
}

std::optional<store::Stream> stream_of(const LogsOptions& options) {
  if (options.out == options.error) return std::nullopt;
  return options.out ? store::Stream::Stdout : store::Stream::Stderr;
}

Result<ChildChoice> choice_of(const LogsOptions& options, const PlanCopy& plan) {
  ChildChoice choice;
  if (options.failed) choice.status = model::JobStatus::Failed;
  if (options.job.empty()) return choice;
  const auto found = plan.find(options.job);
  if (!found) return tl::unexpected(found.error());
  choice.job = found->job;
  choice.child = found->child;
  return choice;
}

int show_logs(const LogsOptions& options, const FileSystem& files) {
  end_with_the_reader();
  if (options.job.empty() && !options.failed)
    return report({ErrorKind::Usage, "name a job, or --failed (see `mpibatch logs --help`)"});
  const auto run = read_run(files, options.state);
  if (!run) return report(run.error());
  const auto plan = PlanCopy::load(files, run->folder, run->core());
  if (!plan) return report(plan.error());
  const auto choice = choice_of(options, *plan);
  if (!choice) return report(choice.error());
  const auto chosen = choose_children(files, *run, *plan, *choice);
  if (!chosen) return report(chosen.error());
  for (const std::string& problem : chosen->problems) warn(problem);

  const bool one = choice->job && (choice->child || !run->core().array(*choice->job));
  Printer printer(files, stream_of(options), !one);
  std::size_t shown = 0;
  for (const ChildView& child : chosen->children) {
    const store::Attempt* attempt = attempt_of(child, options.attempt);
    if (attempt == nullptr) {
      // A starter's word is in the state folder a moment after rank 0's.
      const bool just_started = child.status == model::JobStatus::Running && options.attempt == 0;
      if (one && !just_started)
        return report({ErrorKind::NotFound, nothing_of(child, options.attempt)});
      continue;
    }
    if (auto printed = printer.show(child, *attempt); !printed) return report(printed.error());
    ++shown;
  }
  if (shown == 0)
    warn(chosen->children.empty() && options.failed ? "nothing has failed" : "nothing is here yet");
  return kSucceeded;
}

}  // namespace

void add_logs(CLI::App& app, Context& context) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* command = app.add_subcommand("logs", "what attempts have printed so far");
  command->add_option("JOB", options->job, "a job, or a child of an array: JOB:INDEX or JOB:KEY")
      ->type_name("");
  command->add_flag("--stdout", options->out, "only the standard output");
  command->add_flag("--stderr", options->error, "only the standard error");
  command->add_option("--attempt", options->attempt, "not the last attempt, but this one")
      ->type_name("N")
      ->check(CLI::Range(1U, 10U));
  command->add_flag("--failed", options->failed,
                    "only what failed; of all jobs where none is named");
  add_state_option(*command, options->state);
  command->footer(
      "Examples:\n"
      "  mpibatch logs align:NA017\n"
      "  mpibatch logs align --failed --stderr\n"
      "  mpibatch logs --failed | less");
  command->callback(
      [options, &context] { context.exit_code = show_logs(*options, context.files); });
}

}  // namespace mpibatch::cli
