// What users ask of a run, and what they look at. README.md lists it.
#include <fmt/format.h>

#include <utility>

#include "scenario/lines.hpp"
#include "scenario/stage.hpp"

namespace mpibatch::scenario {

// JOB or JOB:CHILDREN
Stage::Target Stage::target(Words& words) const {
  const std::string what = words.next();
  const std::size_t colon = what.find(':');
  const model::JobId id = job(what.substr(0, colon));
  if (colon != std::string::npos) return {id, Words(what.substr(colon + 1)).children()};
  return {id, {{0, work_->job(id).spec.size}}};
}

std::string Stage::request_id(Words& words) {
  if (words.take("request")) return words.next();
  return fmt::format("u{}", ++requests_made_);
}

void Stage::request(const scheduler::Event& event) {
  if (!rank0().request(event, now_)) say("for the next run");
}

// only JOB[:CHILDREN]…
void Stage::only(Words& words) {
  settings_.only.clear();
  if (!words.take("only")) return;
  while (!words.empty()) {
    const Target what = target(words);
    settings_.only.emplace_back(what.job, what.children);
  }
}

void Stage::cancel(Words& words, bool terminate) {
  const Target what = target(words);
  scheduler::CancelJob event{"", what.job, what.children, "not needed", terminate};
  if (words.take("reason")) event.reason = words.next();
  event.request = request_id(words);
  words.end();
  request(event);
}

void Stage::hold(Words& words, bool hold) {
  scheduler::HoldJob event{"", std::nullopt, {}, hold};
  if (!words.empty() && words.peek() != "request") {
    const Target what = target(words);
    event.job = what.job;
    event.children = what.children;
  }
  event.request = request_id(words);
  words.end();
  request(event);
}

void Stage::retry(Words& words) {
  const Target what = target(words);
  scheduler::RetryJob event{"", what.job, what.children};
  event.include_succeeded = words.take("include-succeeded");
  event.dependents = words.take("dependents");
  event.request = request_id(words);
  words.end();
  request(event);
}

void Stage::priority(Words& words) {
  const model::JobId id = job(words.next());
  scheduler::SetPriority event{"", id, static_cast<std::uint32_t>(words.number())};
  event.request = request_id(words);
  words.end();
  request(event);
}

void Stage::state() {
  const scheduler::Scheduler& core = rank0().scheduler();
  for (std::uint32_t number = 0; number < core.job_count(); ++number) {
    const model::JobId id{number};
    if (!core.in_plan(id)) continue;
    const std::string reason = core.status_reason(id);
    say(fmt::format("{} {}{}: {}", core.name(id), model::to_string(core.status(id)),
                    reason.empty() ? "" : " \"" + reason + "\"", counts_line(core.counts(id))));
  }
}

// JOB INDEX
void Stage::child(Words& words) {
  const scheduler::Scheduler& core = rank0().scheduler();
  const model::JobId id = job(words.next());
  const auto index = static_cast<model::ChildIndex>(words.number());
  std::string last;
  if (const auto failure = core.last_failure(id, index)) {
    model::AttemptEnd end;
    end.kind = failure->kind;
    end.code = failure->code;
    last =
        end.kind == model::EndKind::Stopped
            ? ", last: " + failure->reason
            : fmt::format(", last: {} ({}{}{})", model::status_reason(end), model::exit_code(end),
                          failure->reason.empty() ? "" : ": ", failure->reason);
  }
  const std::string reason = core.status_reason(id, index);
  say(fmt::format("{}:{} {}{}, attempts failed {}{}", core.name(id), index,
                  model::to_string(core.state(id, index)),
                  reason.empty() ? "" : " \"" + reason + "\"", core.attempts_failed(id, index),
                  last));
}

void Stage::nodes() {
  for (const scheduler::NodeView& node : rank0().scheduler().nodes())
    say(fmt::format("{} {}, granted {} of {} vcpus{}", model::to_string(node.name),
                    node.present ? "present" : "gone", node.granted.vcpus, node.capacity.vcpus,
                    node.lease_until
                        ? ", lease awaited until " + seconds(node.lease_until->time_since_epoch())
                        : ""));
}

// JOB [CHILD]
void Stage::explain(Words& words) {
  const model::JobId id = job(words.next());
  std::optional<model::ChildIndex> child;
  if (!words.empty()) child = static_cast<model::ChildIndex>(words.number());
  words.end();
  lines(rank0().scheduler().explain(id, child, now_));
}

void Stage::lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) say(line);
}

}  // namespace mpibatch::scenario
