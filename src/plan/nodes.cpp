#include "plan/nodes.hpp"

#include <algorithm>
#include <charconv>

#include <mpibatch/model/plan.hpp>

#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

constexpr Bounds kCounts{1, model::kGangNodesMax};
constexpr Bounds kIndices{0, model::kGangNodesMax - 1};

std::optional<std::uint32_t> parse_index(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > kIndices.max)
    return std::nullopt;
  return number;
}

// Sets the range's nodes; false where the text is none.
bool parse_targets(NodeRange& range) {
  const std::string_view text = range.targets;
  const std::size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  const std::string_view last = colon == std::string_view::npos ? first : text.substr(colon + 1);
  if (colon == std::string_view::npos && first.empty()) return false;
  const auto begin = first.empty() ? 0 : parse_index(first);
  if (!begin) return false;
  range.first = *begin;
  range.last.reset();
  if (last.empty()) return true;
  range.last = parse_index(last);
  return range.last && *range.last >= range.first;
}

bool same_targets(const NodeRange& a, const NodeRange& b) {
  return a.first == b.first && a.last == b.last;
}

void read_count(const JsonValue& value, const Path& path, NodeFields& nodes, const Report& report) {
  nodes.count_where = path.text();
  const auto* text = value.as<std::string>();
  if (!text || text->find("Ref::") == std::string::npos) {
    if (const auto count = read_quantity(value, path, kCounts, report))
      nodes.count = static_cast<std::uint32_t>(*count);
    return;
  }
  const std::vector<std::string> names = model::referenced_parameters(*text);
  if (names.size() == 1 && (*text == "Ref::" + names[0] || *text == "Ref::{" + names[0] + "}")) {
    nodes.count = 0;
    nodes.count_parameter = names[0];
    return;
  }
  report.add(path, "must be a number or one parameter, Ref::{name}, not '" + *text + "'");
}

void read_range(const JsonValue& value, const Path& path, NodeFields& nodes, const Report& report) {
  static constexpr std::string_view kSupported[] = {"targetNodes", "container"};
  static constexpr std::string_view kRefused[] = {"consumableResourceProperties", "ecsProperties",
                                                  "eksProperties", "instanceTypes"};
  if (!read_object(value, path, {kSupported, kRefused, {}}, report)) return;
  const JsonValue* targets = require_field(value, "targetNodes", path, report);
  const JsonValue* container = require_field(value, "container", path, report);
  NodeRange range;
  const Path place = path.field("targetNodes");
  range.where = place.text();
  if (container)
    range.container =
        read_container(*container, path.field("container"), ContainerKind::Properties, report);
  const auto text = targets ? read_text(*targets, place, report) : std::nullopt;
  if (!text) return;
  range.targets = *text;
  if (!parse_targets(range)) {
    report.add(place, "'" + *text + "' must be a range of nodes: \"0:3\", \":3\" or \"4:\", of " +
                          "nodes below " + std::to_string(model::kGangNodesMax));
    return;
  }
  for (const NodeRange& other : nodes.ranges)
    if (same_targets(range, other))
      report.add(place, "the nodes '" + *text + "' are there twice, see " + other.where);
  nodes.ranges.push_back(std::move(range));
}

void read_mpi(const JsonValue& value, const Path& path, NodeFields& nodes, const Report& report) {
  static constexpr std::string_view kFields[] = {"launcher", "ranksPerNode", "threadsPerRank"};
  static constexpr std::string_view kLaunchers[] = {"MPIRUN", "DIRECT"};
  MpiFields& mpi = nodes.mpi.emplace();
  if (!read_object(value, path, {kFields, {}, {}}, report)) return;
  if (const JsonValue* launcher = value.find(kFields[0]))
    mpi.direct = read_word(*launcher, path.field(kFields[0]), kLaunchers, report) == 1;
  const auto read_size = [&](std::string_view name, std::uint32_t& size) {
    const JsonValue* number = value.find(name);
    if (!number) return;
    const auto amount = read_integer(*number, path.field(name), {1, 1 << 20}, report);
    if (amount) size = static_cast<std::uint32_t>(*amount);
  };
  read_size(kFields[1], mpi.ranks_per_node);
  read_size(kFields[2], mpi.threads_per_rank);
}

// The ranges' last nodes, now that their number is known; false, and reported, if they do not fit.
bool check_ranges(const NodeFields& nodes, std::uint32_t count, const std::string& of_job,
                  const Report& report) {
  bool good = true;
  for (const NodeRange& range : nodes.ranges) {
    if (range.first < count && range.last.value_or(0) < count) continue;
    good = false;
    report.add(range.where, "'" + range.targets + "' goes beyond the last of " +
                                std::to_string(count) + " nodes, which is " +
                                std::to_string(count - 1) + of_job);
  }
  for (std::size_t i = 0; good && i < nodes.ranges.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const NodeRange& a = nodes.ranges[i];
      const NodeRange& b = nodes.ranges[j];
      const std::uint32_t a_last = a.last.value_or(count - 1);
      const std::uint32_t b_last = b.last.value_or(count - 1);
      const bool apart = a_last < b.first || b_last < a.first;
      const bool nested =
          (a.first <= b.first && b_last <= a_last) || (b.first <= a.first && a_last <= b_last);
      if (apart || nested) continue;
      good = false;
      report.add(a.where, "'" + a.targets + "' and '" + b.targets +
                              "' overlap: one must hold the other or they must be apart" + of_job);
    }
  }
  return good;
}

// Of a reference: what the job says for it.
std::optional<std::uint32_t> parameter_count(
    const NodeFields& nodes, const std::vector<std::pair<std::string, std::string>>& parameters,
    const std::vector<std::string>& of_children, const std::string& of_job, const Report& report) {
  const std::string& name = nodes.count_parameter;
  const std::string shown = "Ref::{" + name + "}";
  if (std::find(of_children.begin(), of_children.end(), name) != of_children.end()) {
    report.add(nodes.count_where, shown + " differs from child to child; the number of nodes is " +
                                      "the same for all" + of_job);
    return std::nullopt;
  }
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  if (found == parameters.end()) {
    report.add(nodes.count_where, shown + " has no value" + of_job);
    return std::nullopt;
  }
  const auto count = parse_index(found->second);
  if (count && *count > 0) return count;
  if (found->second == std::to_string(model::kGangNodesMax)) return model::kGangNodesMax;
  report.add(nodes.count_where, shown + " is '" + found->second +
                                    "'; it must be a whole number from 1 to " +
                                    std::to_string(model::kGangNodesMax) + of_job);
  return std::nullopt;
}

}  // namespace

std::optional<NodeFields> read_node_properties(const JsonValue& value, const Path& path,
                                               const Report& report) {
  static constexpr std::string_view kSupported[] = {
      "numNodes", "mainNode", "nodeRangeProperties", "mpiProperties", "exclusive", "spread"};
  static constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
      {"launcher", "mpiProperties"},
      {"ranksPerNode", "mpiProperties"},
      {"threadsPerRank", "mpiProperties"},
      {"container", "nodeRangeProperties"},
      {"targetNodes", "nodeRangeProperties"}};
  if (!read_object(value, path, {kSupported, {}, kElsewhere}, report)) return std::nullopt;
  const std::size_t errors = report.errors().size();
  NodeFields nodes;
  if (const JsonValue* count = require_field(value, "numNodes", path, report))
    read_count(*count, path.field("numNodes"), nodes, report);
  nodes.main_where = path.field("mainNode").text();
  if (const JsonValue* main = value.find("mainNode"))
    if (const auto index = read_integer(*main, path.field("mainNode"), kIndices, report))
      nodes.main = static_cast<std::uint32_t>(*index);
  if (const JsonValue* ranges = require_field(value, "nodeRangeProperties", path, report)) {
    const Path place = path.field("nodeRangeProperties");
    const JsonArray* array = read_array(*ranges, place, report);
    if (array && array->size() > model::kGangNodesMax)
      report.add(place, "has more than " + std::to_string(model::kGangNodesMax) + " entries");
    else
      for (std::size_t i = 0; array && i < array->size(); ++i)
        read_range((*array)[i], place.item(i), nodes, report);
  }
  if (const JsonValue* mpi = value.find("mpiProperties"))
    read_mpi(*mpi, path.field("mpiProperties"), nodes, report);
  if (const JsonValue* exclusive = value.find("exclusive"))
    nodes.exclusive = read_bool(*exclusive, path.field("exclusive"), report).value_or(false);
  if (const JsonValue* spread = value.find("spread"))
    nodes.spread = read_bool(*spread, path.field("spread"), report).value_or(true);
  if (report.errors().size() > errors) return std::nullopt;
  return nodes;
}

void apply_node_overrides(NodeFields& nodes, const JsonValue& value, const Path& path,
                          const Report& report) {
  static constexpr std::string_view kFields[] = {"numNodes", "nodePropertyOverrides"};
  static constexpr std::string_view kOverride[] = {"targetNodes", "containerOverrides"};
  static constexpr std::string_view kRefused[] = {"consumableResourcePropertiesOverride",
                                                  "ecsPropertiesOverride", "eksPropertiesOverride",
                                                  "instanceTypes"};
  if (!read_object(value, path, {kFields, {}, {}}, report)) return;
  if (const JsonValue* count = value.find(kFields[0])) {
    const bool open = std::any_of(nodes.ranges.begin(), nodes.ranges.end(),
                                  [](const NodeRange& range) { return !range.last; });
    if (!open)
      report.add(path.field(kFields[0]),
                 "numNodes can be overridden only where the definition has a range without an end, "
                 "such as \"0:\"");
    read_count(*count, path.field(kFields[0]), nodes, report);
  }
  const JsonValue* list = value.find(kFields[1]);
  if (!list) return;
  const Path place = path.field(kFields[1]);
  const JsonArray* array = read_array(*list, place, report);
  for (std::size_t i = 0; array && i < array->size(); ++i) {
    const JsonValue& entry = (*array)[i];
    const Path item = place.item(i);
    if (!read_object(entry, item, {kOverride, kRefused, {}}, report)) continue;
    const JsonValue* targets = require_field(entry, kOverride[0], item, report);
    const JsonValue* container = entry.find(kOverride[1]);
    ContainerFields over;
    if (container)
      over = read_container(*container, item.field(kOverride[1]), ContainerKind::Overrides, report);
    const auto text =
        targets ? read_text(*targets, item.field(kOverride[0]), report) : std::nullopt;
    if (!text) continue;
    NodeRange wanted;
    wanted.targets = *text;
    const bool good = parse_targets(wanted);
    const auto found =
        std::find_if(nodes.ranges.begin(), nodes.ranges.end(),
                     [&](const NodeRange& range) { return good && same_targets(range, wanted); });
    if (found != nodes.ranges.end()) {
      overlay(found->container, over);
      continue;
    }
    std::vector<std::string> known;
    for (const NodeRange& range : nodes.ranges) known.push_back(range.targets);
    report.add(item.field(kOverride[0]),
               "NodeOverride targets should match job definition. Non matching targets - " + *text +
                   "; the definition's: " + join_some(known));
  }
}

std::optional<ResolvedGang> resolve_gang(
    const NodeFields& nodes, const std::vector<std::pair<std::string, std::string>>& parameters,
    const std::vector<std::string>& of_children, const std::string& job, const Report& report) {
  const std::string of_job = job.empty() ? "" : " (job '" + job + "')";
  std::optional<std::uint32_t> count = nodes.count;
  if (*count == 0) count = parameter_count(nodes, parameters, of_children, of_job, report);
  if (!count || !check_ranges(nodes, *count, of_job, report)) return std::nullopt;
  ResolvedGang resolved;
  model::Gang& gang = resolved.gang;
  gang.nodes = *count;
  gang.main = nodes.main;
  gang.spread = nodes.spread;
  gang.exclusive = nodes.exclusive;
  if (nodes.main >= *count) {
    report.add(nodes.main_where, std::to_string(nodes.main) + " is none of " +
                                     std::to_string(*count) + " nodes, counted from 0" + of_job);
    return std::nullopt;
  }
  // The innermost range counts: of nested ones the shortest.
  constexpr std::uint32_t kNone = UINT32_MAX;
  const auto length = [&](const NodeRange& range) {
    return range.last.value_or(*count - 1) - range.first + 1;
  };
  resolved.ranges.assign(*count, kNone);
  for (std::uint32_t i = 0; i < nodes.ranges.size(); ++i) {
    const NodeRange& range = nodes.ranges[i];
    for (std::uint32_t node = range.first; node < range.first + length(range); ++node) {
      std::uint32_t& now = resolved.ranges[node];
      if (now == kNone || length(range) < length(nodes.ranges[now])) now = i;
    }
  }
  for (std::uint32_t node = 0; node < *count; ++node) {
    if (resolved.ranges[node] == kNone) {
      report.add(nodes.count_where, "no range holds node " + std::to_string(node) + " of " +
                                        std::to_string(*count) +
                                        ": nodeRangeProperties must cover all" + of_job);
      return std::nullopt;
    }
    const model::Resources each = resources_of(nodes.ranges[resolved.ranges[node]].container);
    if (!gang.ranges.empty() && gang.ranges.back().each == each)
      ++gang.ranges.back().end;
    else
      gang.ranges.push_back({node, node + 1, each});
  }
  return resolved;
}

}  // namespace mpibatch::plan
