// What the options of `mpibatch simulate` mean.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include <mpibatch/model/feature.hpp>

#include "cli/simulate_command.hpp"
#include "cli/walltime.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::size_t kHostNamesMax = kSimulatedNodesMax;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// The hosts of a pattern that host_pattern_fault() finds good; none where there are too many.
std::vector<std::string> hosts_of(std::string_view pattern) {
  const std::size_t open = pattern.find('[');
  if (open == std::string_view::npos) return {std::string(pattern)};
  const std::size_t close = pattern.find(']');
  const std::vector<std::string> rest = hosts_of(pattern.substr(close + 1));
  std::vector<std::string> hosts;
  if (rest.empty()) return {};
  for (const std::string_view part : split(pattern.substr(open + 1, close - open - 1), ',')) {
    const std::size_t dash = part.find('-');
    const std::string_view first = part.substr(0, dash);
    const std::uint64_t from = number_of(first).value_or(0);
    const std::uint64_t to =
        dash == std::string_view::npos ? from : number_of(part.substr(dash + 1)).value_or(0);
    if ((to - from + 1) * rest.size() + hosts.size() > kHostNamesMax) return {};
    const std::size_t width = first.size() > 1 && first[0] == '0' ? first.size() : 0;
    for (std::uint64_t number = from; number <= to; ++number)
      for (const std::string& end : rest)
        hosts.push_back(fmt::format("{}{:0{}}{}", pattern.substr(0, open), number, width, end));
  }
  return hosts;
}

tl::unexpected<Error> bad(const std::string& what) { return fail(ErrorKind::Usage, what); }

class NodeList {
 public:
  explicit NodeList(const SimulateOptions& options) : options_(options) {}
  std::vector<sim::NodeSpec> take() { return std::move(nodes_); }

  Result<void> add(const std::string& text) {
    const std::vector<std::string_view> parts = split(text, ':');
    if (parts.size() == 1) return add_plain(text);
    if (parts.size() < 3)
      return bad(fmt::format("--nodes {}: write N, or N:CPUS:MIB[:GPUS][:FEATURE,…]", text));
    sim::NodeSpec node;
    const auto cpus = number_of(parts[1]);
    const auto memory = number_of(parts[2]);
    if (!cpus || *cpus == 0 || *cpus > UINT32_MAX)
      return bad(fmt::format("--nodes {}: '{}' is no number of CPUs", text, parts[1]));
    if (!memory) return bad(fmt::format("--nodes {}: '{}' is no memory in MiB", text, parts[2]));
    node.capacity = {static_cast<std::uint32_t>(*cpus), *memory, 0};
    std::size_t next = 3;
    if (next < parts.size()) {
      if (const auto gpus = number_of(parts[next]); gpus && *gpus <= UINT32_MAX) {
        node.capacity.gpus = static_cast<std::uint32_t>(*gpus);
        ++next;
      }
    }
    if (next < parts.size()) {
      // A feature may hold a colon of its own.
      const auto begin = static_cast<std::size_t>(parts[next].data() - text.data());
      for (const std::string_view feature : split(std::string_view(text).substr(begin), ',')) {
        node.features.emplace_back(feature);
        if (const auto fault = model::feature_wish_fault(node.features.back()); !fault.empty())
          return bad(fmt::format("--nodes {}: feature '{}': {}", text, feature, fault));
      }
      std::sort(node.features.begin(), node.features.end());
    }
    return add_hosts(text, parts[0], std::move(node));
  }

  Result<void> add_plain(const std::string& text) {
    if (options_.cpus == 0 || options_.memory_mib == 0)
      return bad(fmt::format("--nodes {} needs --cpus and --memory: what each of them has", text));
    return add_hosts(text, text, {{}, {options_.cpus, options_.memory_mib, options_.gpus}, {}});
  }

 private:
  Result<void> add_hosts(const std::string& text, std::string_view hosts, sim::NodeSpec node) {
    if (const auto count = number_of(hosts)) {
      if (*count == 0 || *count + nodes_.size() > kSimulatedNodesMax)
        return bad(fmt::format("--nodes {}: between 1 and {} nodes", text, kSimulatedNodesMax));
      for (std::uint64_t i = 0; i < *count; ++i) {
        node.host = fmt::format("node{}", ++numbered_);
        nodes_.push_back(node);
      }
      return {};
    }
    if (const std::string fault = model::host_pattern_fault(std::string(hosts)); !fault.empty())
      return bad(fmt::format("--nodes {}: {}", text, fault));
    const std::vector<std::string> names = hosts_of(hosts);
    if (names.empty() || names.size() + nodes_.size() > kSimulatedNodesMax)
      return bad(fmt::format("--nodes {}: more than {} nodes", text, kSimulatedNodesMax));
    for (const std::string& name : names) {
      node.host = name;
      nodes_.push_back(node);
    }
    return {};
  }

  const SimulateOptions& options_;
  std::vector<sim::NodeSpec> nodes_;
  std::uint64_t numbered_ = 0;
};

Result<sim::Loss> parse_loss(const std::string& text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos || at == 0)
    return bad(fmt::format("--lose {}: write NODE@SECONDS", text));
  const auto time = parse_time("--lose", text.substr(at + 1));
  if (!time) return tl::unexpected(time.error());
  return sim::Loss{text.substr(0, at), *time};
}

}  // namespace

Result<std::vector<sim::NodeSpec>> simulate_nodes(const SimulateOptions& options,
                                                  std::uint32_t count) {
  NodeList list(options);
  if (auto added = list.add_plain(std::to_string(count)); !added)
    return tl::unexpected(added.error());
  return list.take();
}

Result<sim::Setup> simulate_setup(const SimulateOptions& options) {
  sim::Setup setup;
  setup.seed = options.seed;
  setup.losses_per_node_hour = options.loss_rate;
  if (!options.sweep.empty() && !options.nodes.empty())
    return bad("--sweep names the numbers of nodes itself: leave --nodes out");
  for (const std::uint32_t count : options.sweep)
    if (auto nodes = simulate_nodes(options, count); !nodes) return tl::unexpected(nodes.error());
  NodeList list(options);
  for (const std::string& text : options.nodes)
    if (auto added = list.add(text); !added) return tl::unexpected(added.error());
  if (options.nodes.empty() && options.sweep.empty()) {
    if (options.cpus == 0 || options.memory_mib == 0)
      return bad("say on what: --nodes N --cpus N --memory MIB (see `mpibatch simulate --help`)");
    if (auto added = list.add_plain("1"); !added) return tl::unexpected(added.error());
  }
  setup.nodes = list.take();
  for (const std::string& text : options.lose) {
    auto loss = parse_loss(text);
    if (!loss) return tl::unexpected(loss.error());
    setup.losses.push_back(std::move(*loss));
  }
  if (!options.back_after.empty()) {
    const auto time = parse_time("--return", options.back_after);
    if (!time) return tl::unexpected(time.error());
    setup.back_after = *time;
  }
  if (!options.walltime.empty()) {
    const auto time = parse_walltime(options.walltime);
    if (!time) return tl::unexpected(time.error());
    setup.walltime = *time;
  }
  return setup;
}

}  // namespace mpibatch::cli
