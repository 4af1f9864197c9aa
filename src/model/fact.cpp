#include <mpibatch/model/fact.hpp>

#include <string_view>

#include <fmt/format.h>

#include "model/text.hpp"

namespace mpibatch::model {
namespace {

std::string seconds(Duration duration) { return seconds_text(duration); }
std::string seconds(Instant instant) { return seconds_text(instant.time_since_epoch()); }

std::string failure(const FailedAttempt& attempt) {
  const char* how = "end";
  switch (attempt.kind) {
    case EndKind::Exited:
      how = "exit";
      break;
    case EndKind::Signaled:
      how = "signal";
      break;
    case EndKind::TimedOut:
      how = "timeout";
      break;
    case EndKind::CannotStart:
      how = "cannot start";
      break;
    case EndKind::Stopped:
      how = "stopped";
      break;
    case EndKind::OutOfMemory:
      how = "out of memory";
      break;
  }
  std::string text = fmt::format("{}({} {}", attempt.child, how, attempt.code);
  if (!attempt.reason.empty()) text += " " + quoted(attempt.reason);
  return text + ")";
}

std::string failures(const std::vector<FailedAttempt>& attempts, Verdict verdict,
                     std::string_view heading) {
  std::string text;
  for (const FailedAttempt& attempt : attempts)
    if (attempt.verdict == verdict)
      text.append(text.empty() ? heading : std::string_view(",")).append(failure(attempt));
  return text;
}

std::string grant_line(const char* kind, GrantId grant, const Ranges& children) {
  return fmt::format("{} {} children {}", kind, to_string(grant), to_string(children));
}

std::string through(std::uint32_t environment) {
  return environment == kNoEnvironment ? std::string() : fmt::format(" through {}", environment);
}

struct Line {
  std::string operator()(const EpochBegan& fact) const {
    return fmt::format("EpochBegan {} on {} boot {} up {} now {}", number_of(fact.epoch),
                       escaped(fact.host), escaped(fact.boot_id), seconds(fact.boot_time),
                       seconds(fact.now));
  }
  std::string operator()(const PlanAdopted& fact) const {
    std::string text = fmt::format("PlanAdopted {} queues{} jobs", number_of(fact.revision),
                                   rules_text(fact.rules));
    for (std::size_t i = 0; i < fact.jobs.size(); ++i)
      text.append(i == 0 ? " " : "; ").append(adopted_text(fact.jobs[i]));
    return text;
  }
  std::string operator()(const NodeJoined& fact) const {
    std::string text = fmt::format("NodeJoined {} {} instance {} boot {}{}", number_of(fact.node),
                                   escaped(to_string(fact.name)), to_string(fact.instance),
                                   escaped(fact.boot_id), resources_text(fact.capacity));
    for (std::size_t i = 0; i < fact.features.size(); ++i)
      text.append(i == 0 ? " features " : ",").append(escaped(fact.features[i]));
    return text;
  }
  std::string operator()(const NodeGone& fact) const {
    return fmt::format("NodeGone {} instance {} {}", number_of(fact.node), to_string(fact.instance),
                       quoted(fact.reason));
  }
  std::string operator()(const LeaseAwaited& fact) const {
    return fmt::format("LeaseAwaited {} instance {} until {}", number_of(fact.node),
                       to_string(fact.instance), seconds(fact.until));
  }
  std::string operator()(const Granted& fact) const {
    std::string text =
        fmt::format("Granted {} node {} job {} children {}", to_string(fact.grant),
                    number_of(fact.node), number_of(fact.job), to_string(fact.children));
    if (fact.each != Resources{}) text += resources_text(fact.each);
    return text + through(fact.environment);
  }
  std::string operator()(const GrantedAfter& fact) const {
    return fmt::format("{} after {}", (*this)(fact.granted), to_string(fact.after));
  }
  std::string operator()(const GangGranted& fact) const {
    std::string text = fmt::format("GangGranted job {} child {}", number_of(fact.job), fact.child);
    for (const GangPart& part : fact.parts)
      text +=
          fmt::format("; {} node {} members {}{}{}", to_string(part.grant), number_of(part.node),
                      to_string(part.members), resources_text(part.all), through(part.environment));
    return text;
  }
  std::string operator()(const Started& fact) const {
    return grant_line("Started", fact.grant, fact.children);
  }
  std::string operator()(const Ended& fact) const {
    std::string text = "Ended " + to_string(fact.grant);
    if (!fact.succeeded.empty()) text += " succeeded " + to_string(fact.succeeded);
    text += failures(fact.failed, Verdict::Failed, " failed ");
    text += failures(fact.failed, Verdict::Retried, " retried ");
    if (fact.busy != Duration{0}) text += " busy " + seconds(fact.busy);
    return text;
  }
  std::string operator()(const Returned& fact) const {
    return grant_line("Returned", fact.grant, fact.children);
  }
  std::string operator()(const CancelRequested& fact) const {
    return fmt::format("CancelRequested {} job {} children {} {}{}", escaped(fact.request),
                       number_of(fact.job), to_string(fact.children), quoted(fact.reason),
                       fact.terminate ? " terminate" : "");
  }
  std::string operator()(const HoldRequested& fact) const {
    const std::string what =
        fact.job ? fmt::format("job {} children {}", number_of(*fact.job), to_string(fact.children))
                 : std::string("all");
    return fmt::format("HoldRequested {} {} {}", escaped(fact.request),
                       fact.hold ? "hold" : "release", what);
  }
  std::string operator()(const RetryRequested& fact) const {
    return fmt::format("RetryRequested {} job {} children {}{}{}", escaped(fact.request),
                       number_of(fact.job), to_string(fact.children),
                       fact.include_succeeded ? " with succeeded" : "",
                       fact.dependents ? " with dependents" : "");
  }
  std::string operator()(const PriorityRequested& fact) const {
    return fmt::format("PriorityRequested {} job {} priority {}", escaped(fact.request),
                       number_of(fact.job), fact.priority);
  }
  std::string operator()(const WaitEnded& fact) const {
    return fmt::format("WaitEnded job {} children {} {} {}", number_of(fact.job),
                       to_string(fact.children), fact.cancelled ? "cancelled" : "failed",
                       quoted(fact.reason));
  }
  std::string operator()(const FailedReopened&) const { return "FailedReopened"; }
  std::string operator()(const RunFinished& fact) const {
    return fact.failed ? "RunFinished failed" : "RunFinished succeeded";
  }
};

}  // namespace

std::string to_string(const Fact& fact) { return std::visit(Line{}, fact); }

}  // namespace mpibatch::model
