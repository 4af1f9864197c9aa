#include <mpibatch/model/fact.hpp>

#include <cstdlib>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace mpibatch::model {
namespace {

// A line stays a line whatever a reason or a name holds.
std::string escaped(std::string_view text, std::string_view special = "\\") {
  std::string line;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      if (special.find(c) != std::string_view::npos) line.push_back('\\');
      line.push_back(c);
    }
  }
  return line;
}

std::string quoted(std::string_view text) { return '"' + escaped(text, "\\\"") + '"'; }

// "12.5s": as many decimals as it takes, for golden files.
std::string seconds(Duration duration) {
  constexpr std::int64_t kUsEach = 1'000'000;
  const std::int64_t us = duration.count();
  std::string text = fmt::format("{}{}", us < 0 ? "-" : "", std::abs(us / kUsEach));
  if (us % kUsEach != 0) {
    text += fmt::format(".{:06}", std::abs(us % kUsEach));
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "s";
}

std::string seconds(Instant instant) { return seconds(instant.time_since_epoch()); }

std::string capacity(const Resources& resources) {
  std::string text = fmt::format(" vcpus {}", resources.vcpus);
  if (resources.memory_mib != 0) text += fmt::format(" memory {} MiB", resources.memory_mib);
  return text;
}

std::string dependency(const Dependency& dependency) {
  const std::uint32_t job = number_of(dependency.job);
  switch (dependency.type) {
    case DependencyType::All:
      return std::to_string(job);
    case DependencyType::Sequential:
      return "SEQUENTIAL";
    case DependencyType::NToN:
      return fmt::format("{}(N_TO_N)", job);
  }
  return fmt::format("{}(type {})", job, static_cast<int>(dependency.type));
}

std::string adopted(const AdoptedJob& job) {
  std::string text = fmt::format("{} {}", number_of(job.id), escaped(job.spec.name));
  if (job.spec.array) text += fmt::format("[{}]", job.spec.size);
  text += fmt::format(" queue {}", job.spec.queue) + capacity(job.spec.resources);
  if (job.spec.retry.attempts != 1) text += fmt::format(" attempts {}", job.spec.retry.attempts);
  for (std::size_t i = 0; i < job.spec.depends_on.size(); ++i)
    text.append(i == 0 ? " after " : ",").append(dependency(job.spec.depends_on[i]));
  for (std::size_t i = 0; i < job.kept.size(); ++i) {
    const Move& move = job.kept[i];
    text += fmt::format("{}{}+{}>{}", i == 0 ? " kept " : ",", move.from, move.count, move.to);
  }
  return text;
}

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

struct Line {
  std::string operator()(const EpochBegan& fact) const {
    return fmt::format("EpochBegan {} on {} boot {} up {} now {}", number_of(fact.epoch),
                       escaped(fact.host), escaped(fact.boot_id), seconds(fact.boot_time),
                       seconds(fact.now));
  }
  std::string operator()(const PlanAdopted& fact) const {
    std::string text = fmt::format("PlanAdopted {} queues", number_of(fact.revision));
    for (const Queue& queue : fact.queues)
      text += fmt::format(" {}:{}", escaped(queue.name), queue.priority);
    text += " jobs";
    for (std::size_t i = 0; i < fact.jobs.size(); ++i)
      text.append(i == 0 ? " " : "; ").append(adopted(fact.jobs[i]));
    return text;
  }
  std::string operator()(const NodeJoined& fact) const {
    return fmt::format("NodeJoined {} {} instance {} boot {}{}", number_of(fact.node),
                       escaped(to_string(fact.name)), to_string(fact.instance),
                       escaped(fact.boot_id), capacity(fact.capacity));
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
    return fmt::format("Granted {} node {} job {} children {}", to_string(fact.grant),
                       number_of(fact.node), number_of(fact.job), to_string(fact.children));
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
    return fmt::format("CancelRequested {} job {} children {} {}", escaped(fact.request),
                       number_of(fact.job), to_string(fact.children), quoted(fact.reason));
  }
  std::string operator()(const FailedReopened&) const { return "FailedReopened"; }
  std::string operator()(const RunFinished& fact) const {
    return fact.failed ? "RunFinished failed" : "RunFinished succeeded";
  }
};

}  // namespace

std::string to_string(const Fact& fact) { return std::visit(Line{}, fact); }

}  // namespace mpibatch::model
