#include "scheduler/shortage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include <mpibatch/model/feature.hpp>

#include "scheduler/placement_gang.hpp"
#include "scheduler/placement_heads.hpp"
#include "scheduler/placement_room.hpp"
#include "scheduler/pool.hpp"

namespace mpibatch::scheduler {

namespace {

using State = Scheduler::State;
using RoomOf = std::function<Room(const NodeState&)>;

Room whole(const NodeState& node) { return room_of(node.capacity); }

Room free_now(const NodeState& node) {
  if (node.exclusive > 0) return {};
  Room room = whole(node) - room_of(node.granted);
  room.vcpus = std::max<std::int64_t>(0, room.vcpus);
  room.memory_mib = std::max<std::int64_t>(0, room.memory_mib);
  room.gpus = std::max<std::int64_t>(0, room.gpus);
  return room;
}

// Nodes that the job may go to, as it sees them.
struct Sight {
  std::vector<NodeId> nodes;
  Room largest;  // in each respect
  std::size_t count() const { return nodes.size(); }
};

// vCPUs that an environment may still give out, if it is bounded.
std::optional<std::uint64_t> bound_of(const State& state, std::uint32_t number, bool now) {
  if (number == model::kNoEnvironment) return std::nullopt;
  const std::uint64_t most = state.rules.environments[number].max_vcpus;
  if (most == 0) return std::nullopt;
  return now ? most - std::min(most, state.environment_vcpus[number]) : most;
}

bool seated(const State& state, const model::Gang& gang, const std::vector<NodeId>& nodes,
            const RoomOf& room) {
  std::vector<GangSite> sites;
  std::map<std::string, std::uint32_t> hosts;
  for (const NodeId id : nodes) {
    const NodeState& node = state.node(id);
    if (gang.exclusive && !(room(node) == whole(node))) continue;
    const auto host = static_cast<std::uint32_t>(hosts.size());
    sites.push_back({model::number_of(id), hosts.try_emplace(node.name.host, host).first->second,
                     room(node), node.capacity});
  }
  return seat(gang, sites).has_value();
}

bool has_room(const State& state, const model::JobSpec& kind, const model::Resources& asked,
              const PoolRule& rule, const RoomOf& room) {
  if (kind.gang) return seated(state, *kind.gang, nodes_of(state, rule), room);
  return std::any_of(state.nodes.begin(), state.nodes.end(), [&](const NodeState& node) {
    return serves(node) && times(room_of(asked), room(node)) > 0 && admits(rule, node);
  });
}

Sight sight_of(const State& state, const std::vector<PoolChoice>& choices, const RoomOf& room) {
  Sight sight;
  for (std::uint32_t number = 0; number < state.nodes.size(); ++number) {
    const NodeState& node = state.nodes[number];
    const bool seen = std::any_of(choices.begin(), choices.end(), [&](const PoolChoice& choice) {
      return admits(choice.rule, node);
    });
    if (!serves(node) || !seen) continue;
    const Room has = room(node);
    sight.nodes.push_back(NodeId{number});
    sight.largest.vcpus = std::max(sight.largest.vcpus, has.vcpus);
    sight.largest.memory_mib = std::max(sight.largest.memory_mib, has.memory_mib);
    sight.largest.gpus = std::max(sight.largest.gpus, has.gpus);
  }
  return sight;
}

std::string names_of_environments(const State& state, const std::vector<PoolChoice>& choices) {
  std::string names;
  for (const PoolChoice& choice : choices)
    if (choice.environment != model::kNoEnvironment)
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ",
                           state.rules.environments[choice.environment].name);
  return names;
}

// Why no node is one of its own.
std::string no_node(const State& state, const model::JobSpec& kind,
                    const std::vector<PoolChoice>& choices) {
  if (std::none_of(state.nodes.begin(), state.nodes.end(), serves)) return "has no node to run on";
  if (choices.empty())
    return fmt::format("has no node to run on: the compute environments of queue '{}' are DISABLED",
                       state.rules.queues[kind.queue].name);
  for (const std::string& wish : kind.constraints)
    if (std::none_of(state.nodes.begin(), state.nodes.end(), [&](const NodeState& node) {
          return serves(node) && model::has_feature(node.features, wish);
        }))
      return fmt::format("needs a node with '{}'; none has that", wish);
  model::JobSpec unbound = kind;
  unbound.constraints.clear();
  const std::string environments = names_of_environments(state, choices);
  if (sight_of(state, choices_of(state.rules, unbound), whole).count() == 0)
    return fmt::format("has no node to run on: none is in compute environment {}", environments);
  std::string wishes;
  for (const std::string& wish : kind.constraints)
    wishes += fmt::format("{}'{}'", wishes.empty() ? "" : " and ", wish);
  return fmt::format("needs a node with {}; none {}has that", wishes,
                     environments.empty() ? "" : "of compute environment " + environments + " ");
}

struct Respect {
  std::uint64_t asked = 0;
  std::int64_t largest = 0;
  const char* noun = "";  // with an s for more than one
  std::string text(std::uint64_t number) const {
    return *noun == 'M' ? fmt::format("{} MiB", number) : counted(number, noun);
  }
};

std::vector<Respect> respects(const model::Resources& asked, const Room& largest) {
  return {{asked.gpus, largest.gpus, "GPU"},
          {asked.vcpus, largest.vcpus, "vCPU"},
          {asked.memory_mib, largest.memory_mib, "MiB"}};
}

// What is asked for on one node, and how much of it the best one has.
std::string too_big(const model::Resources& asked, const Sight& sight, Detail detail, bool now) {
  for (const Respect& respect : respects(asked, sight.largest)) {
    const auto largest = static_cast<std::uint64_t>(respect.largest);
    if (respect.asked <= largest) continue;
    std::string text = fmt::format("needs {} on one node; ", respect.text(respect.asked));
    const bool mib = *respect.noun == 'M';
    text += now ? fmt::format("the largest free has {}", largest)
                : fmt::format("the largest of {} has {}", sight.count(), largest);
    if (mib) text += " MiB";
    if (detail == Detail::ShortBy)
      text += fmt::format(" (short by {}{})", respect.asked - largest, mib ? " MiB" : "");
    return text;
  }
  std::vector<std::string> parts;
  for (const Respect& respect : respects(asked, sight.largest))
    if (respect.asked > 0) parts.push_back(respect.text(respect.asked));
  if (asked.gpus > 0) std::rotate(parts.begin(), parts.begin() + 1, parts.end());
  std::string all;
  for (std::size_t i = 0; i < parts.size(); ++i)
    all += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return fmt::format("needs {} together; no node has {}{}", all, parts.size() > 2 ? "all" : "both",
                     now ? " free" : "");
}

// The members of a gang that no nodes are found for together.
std::string no_seats(const State& state, const model::Gang& gang, const Sight& sight,
                     const RoomOf& room, bool now) {
  const char* free = now ? " free" : "";
  std::map<std::string, std::uint32_t> hosts;
  for (const NodeId id : sight.nodes) ++hosts[state.node(id).name.host];
  if (gang.spread && hosts.size() < gang.nodes)
    return fmt::format("needs {} on different hosts; there {} {} (short by {})",
                       counted(gang.nodes, "node"), hosts.size() == 1 ? "is" : "are", hosts.size(),
                       gang.nodes - hosts.size());
  for (const model::GangRange& range : gang.ranges) {
    std::uint64_t seats = 0;
    std::map<std::string, bool> taken;
    for (const NodeId id : sight.nodes) {
      const NodeState& node = state.node(id);
      if (gang.exclusive && !(room(node) == whole(node))) continue;
      const std::uint64_t most = times(room_of(range.each), room(node));
      if (most > 0 && gang.spread) taken[node.name.host] = true;
      if (!gang.spread) seats += most;
    }
    if (gang.spread) seats = taken.size();
    const std::uint64_t members = range.end - range.begin;
    if (seats >= members) continue;
    std::string each = counted(range.each.vcpus, "vCPU");
    if (range.each.memory_mib > 0) each += fmt::format(", {} MiB", range.each.memory_mib);
    if (range.each.gpus > 0) each += ", " + counted(range.each.gpus, "GPU");
    return fmt::format("needs {} with {} each{}; there is room{} for {} (short by {})",
                       counted(members, "node"), each, gang.exclusive ? ", and nothing beside" : "",
                       free, seats, members - seats);
  }
  return fmt::format("needs {} at once; there is no room{} for all of them together",
                     counted(gang.nodes, "node"), free);
}

}  // namespace

std::uint64_t vcpus_of(const model::JobSpec& kind, const model::Resources& asked) {
  if (!kind.gang) return asked.vcpus;
  std::uint64_t sum = 0;
  for (const model::GangRange& range : kind.gang->ranges)
    sum += std::uint64_t{range.each.vcpus} * (range.end - range.begin);
  return sum;
}

std::string grown(const model::JobSpec& kind, const model::Resources& asked) {
  if (asked.memory_mib <= kind.resources.memory_mib) return {};
  return "; it asks for more than at first since it ran out of memory (memoryMax bounds that)";
}

std::string since_release(std::uint64_t forgiven) {
  return forgiven > 0 ? " since the last release" : "";
}

std::string counted(std::uint64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string children_text(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "child" : "children");
}

std::string seconds_text(Duration duration) {
  return fmt::format("{} s", std::chrono::ceil<std::chrono::seconds>(duration).count());
}

void bound_lines(std::vector<std::string>& lines, std::size_t all) {
  if (all <= kLinesMax) return;
  lines.resize(kLinesMax);
  lines.push_back(fmt::format("… and {} more jobs", all - kLinesMax));
}

std::uint64_t left_of(const State& state, std::uint32_t consumable) {
  const std::uint64_t total = state.rules.consumables[consumable].total;
  return total - std::min(total, state.spent[consumable]);
}

std::uint64_t free_of(const State& state, std::uint32_t consumable) {
  const std::uint64_t left = left_of(state, consumable);
  return left - std::min(left, state.in_use[consumable]);
}

std::string never_fits(const State& state, const model::JobSpec& kind,
                       const model::Resources& asked, Detail detail) {
  const std::vector<PoolChoice> choices = choices_of(state.rules, kind);
  const std::uint64_t vcpus = vcpus_of(kind, asked);
  std::string over;
  for (const PoolChoice& choice : choices) {
    const auto most = bound_of(state, choice.environment, false);
    if (!most || vcpus <= *most) {
      if (has_room(state, kind, asked, choice.rule, whole)) return {};
      continue;
    }
    if (over.empty())
      over = fmt::format("needs {}; compute environment '{}' gives out {} at the most (maxvCpus)",
                         counted(vcpus, "vCPU"), state.rules.environments[choice.environment].name,
                         *most);
  }
  const Sight sight = sight_of(state, choices, whole);
  if (sight.count() == 0) return no_node(state, kind, choices);
  if (!over.empty()) return over;
  return kind.gang ? no_seats(state, *kind.gang, sight, whole, false)
                   : too_big(asked, sight, detail, false);
}

std::string misconfiguration(const State& state, const model::JobSpec& kind,
                             const model::Resources& asked) {
  const std::uint64_t vcpus = vcpus_of(kind, asked);
  const std::vector<PoolChoice> choices = choices_of(state.rules, kind);
  if (sight_of(state, choices, whole).count() == 0) return {};
  bool over = false;
  for (const PoolChoice& choice : choices) {
    const auto most = bound_of(state, choice.environment, false);
    over = over || (most && vcpus > *most);
  }
  return std::string(reason_of(over ? Blocked::EnvironmentMax : Blocked::JobRequirement));
}

std::string finds_no_room(const State& state, const model::JobSpec& kind,
                          const model::Resources& asked) {
  const std::vector<PoolChoice> choices = choices_of(state.rules, kind);
  const std::uint64_t vcpus = vcpus_of(kind, asked);
  std::string full;
  std::vector<PoolChoice> open;
  for (const PoolChoice& choice : choices) {
    const auto left = bound_of(state, choice.environment, true);
    if (!left || vcpus <= *left) {
      if (has_room(state, kind, asked, choice.rule, free_now)) return {};
      open.push_back(choice);
    } else if (full.empty()) {
      full = fmt::format(
          "needs {}; compute environment '{}' has {} of its {} left (maxvCpus; short by {})",
          counted(vcpus, "vCPU"), state.rules.environments[choice.environment].name, *left,
          *bound_of(state, choice.environment, false), vcpus - *left);
    }
  }
  if (open.empty()) return full;
  const Sight sight = sight_of(state, open, free_now);
  if (sight.count() == 0) return full;
  std::string busy = kind.gang ? no_seats(state, *kind.gang, sight, free_now, true)
                               : too_big(asked, sight, Detail::ShortBy, true);
  return full.empty() ? busy : busy + "; " + full;
}

}  // namespace mpibatch::scheduler
