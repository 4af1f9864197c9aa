#include <mpibatch/sim/simulate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/bound.hpp"
#include "sim/durations.hpp"
#include "sim/world.hpp"

namespace mpibatch::sim {

namespace {

Result<void> check(const Setup& setup) {
  if (setup.nodes.empty()) return fail(ErrorKind::Usage, "a simulation needs a node");
  std::set<std::string> hosts;
  for (const NodeSpec& node : setup.nodes)
    if (!hosts.insert(node.host).second)
      return fail(ErrorKind::Usage, fmt::format("node '{}' is there twice", node.host));
  for (const Loss& loss : setup.losses)
    if (!hosts.contains(loss.host))
      return fail(ErrorKind::Usage,
                  fmt::format("node '{}', which is to be lost, is unknown; the first is '{}', the "
                              "last '{}'",
                              loss.host, setup.nodes.front().host, setup.nodes.back().host));
  return {};
}

// What placement goes by is what the run would know: not the draws.
void expect_learned(model::Plan& plan, const Setup& setup) {
  for (model::PlannedJob& job : plan.jobs) {
    const auto learned = setup.learned.find(job.spec.name);
    if (learned != setup.learned.end() && learned->second.mean > Duration{0})
      job.spec.expected = learned->second.mean;
  }
}

}  // namespace

Result<Report> simulate(model::Plan plan, const Setup& setup) {
  if (auto good = check(setup); !good) return tl::unexpected(good.error());
  for (model::PlannedJob& job : plan.jobs) job.parameters = nullptr;
  expect_learned(plan, setup);
  const Durations durations(plan.jobs, setup.learned, setup.seed);
  World world(plan, setup, durations);
  world.run();
  Report report = world.report();
  report.bound = lower_bound(plan.jobs, durations, setup.nodes);
  return report;
}

}  // namespace mpibatch::sim
