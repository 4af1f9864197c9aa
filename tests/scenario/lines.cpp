#include "scenario/lines.hpp"

#include <fmt/format.h>

namespace mpibatch::scenario {

namespace {

std::string asking(const model::Resources& each) {
  std::string text = fmt::format(" each vcpus {}", each.vcpus);
  if (each.memory_mib > 0) text += fmt::format(" memory {}", each.memory_mib);
  if (each.gpus > 0) text += fmt::format(" gpus {}", each.gpus);
  return text;
}

struct FrameLine {
  std::string operator()(const protocol::Attach&) const { return "Attach"; }
  std::string operator()(const protocol::Templates& frame) const {
    std::string text = "Templates";
    for (const model::JobTemplate& job : frame.jobs)
      text += fmt::format(" {} revision {}", job.name, model::number_of(job.revision));
    return text;
  }
  std::string operator()(const protocol::Grant& frame) const {
    std::string text = fmt::format("Grant {} job {} children {}", model::to_string(frame.id),
                                   model::number_of(frame.job), model::to_string(frame.children));
    for (std::size_t i = 0; i < frame.values.size(); ++i)
      for (const std::string& value : frame.values[i])
        text.append(i == 0 ? " values " : ",").append(value);
    for (std::size_t i = 0; i < frame.attempts.size(); ++i)
      text.append(i == 0 ? " attempts " : ",").append(std::to_string(frame.attempts[i]));
    if (frame.each != model::Resources{}) text += asking(frame.each);
    if (!frame.environment.empty()) text += " in " + frame.environment;
    if (frame.after) text += " after " + model::to_string(*frame.after);
    if (frame.gang)
      text += fmt::format(" members {} of {}, main {} on {} by {}",
                          model::to_string(frame.gang->members), frame.gang->nodes,
                          frame.gang->main_member, frame.gang->main_host,
                          model::to_string(frame.gang->main));
    return text;
  }
  std::string operator()(const protocol::Recall& frame) const {
    return fmt::format("Recall {} children {}", model::to_string(frame.grant),
                       model::to_string(frame.children));
  }
  std::string operator()(const protocol::Stop& frame) const {
    return fmt::format("Stop {} children {} grace {}", model::to_string(frame.grant),
                       model::to_string(frame.children), seconds(frame.grace));
  }
  std::string operator()(const protocol::StopAll& frame) const {
    return "StopAll grace " + seconds(frame.grace);
  }
  std::string operator()(const protocol::Renewed& frame) const {
    return "Renewed stamp " + seconds(frame.stamp);
  }
  std::string operator()(const protocol::Acknowledged& frame) const {
    return fmt::format("Acknowledged upto {}", frame.upto);
  }
  std::string operator()(const protocol::Leave& frame) const {
    return frame.settled ? "Leave" : "Leave unsettled";
  }
};

const char* name_of(server::RunEnd end) {
  switch (end) {
    case server::RunEnd::Succeeded:
      return "succeeded";
    case server::RunEnd::SomeFailed:
      return "some failed";
    case server::RunEnd::Refused:
      return "refused";
    case server::RunEnd::Interrupted:
      return "interrupted";
    case server::RunEnd::Stuck:
      return "stuck";
  }
  return "?";
}

}  // namespace

std::string to_string(const protocol::DownFrame& frame) { return std::visit(FrameLine{}, frame); }

std::string to_string(const server::RunResult& result) {
  std::string text = name_of(result.end);
  for (std::size_t i = 0; i < result.reasons.size(); ++i)
    text.append(i == 0 ? ": " : "; ").append(result.reasons[i]);
  return text;
}

std::string seconds(Duration duration) {
  std::string text =
      fmt::format("{}.{:06}", duration.count() / 1'000'000, duration.count() % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + "s";
}

std::string counts_line(const scheduler::Counts& counts) {
  std::string text;
  for (int i = 0; i < model::kChildStates; ++i) {
    const auto state = static_cast<model::ChildState>(i);
    if (counts[state] == 0) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", model::to_string(state), counts[state]);
  }
  return text;
}

}  // namespace mpibatch::scenario
