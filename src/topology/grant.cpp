#include "topology/grant.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "topology/cpu_list.hpp"

namespace mpibatch::topology {

namespace {

constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
constexpr std::uint64_t kReserveBytesMin = 256 * kMib;
constexpr std::uint64_t kReservePercent = 2;
constexpr std::uint64_t kReservePercentMax = 5;

bool has(const std::vector<std::uint32_t>& cpus, std::uint32_t cpu) {
  return std::find(cpus.begin(), cpus.end(), cpu) != cpus.end();
}

Cpus without_distances(std::vector<std::uint32_t> numbers) {
  std::vector<std::uint8_t> steps(numbers.empty() ? 0 : numbers.size() - 1, 1);
  return {std::move(numbers), std::move(steps), 0};
}

std::string memory_words(std::uint64_t mib) {
  return mib < 1024 ? fmt::format("{} MiB", mib)
                    : fmt::format("{:.1f} GiB", static_cast<double>(mib) / 1024);
}

std::string describe(const Grant& grant, const Allocation& share) {
  std::string text;
  if (share.pinned)
    text =
        fmt::format("{} of {} CPUs ({})", share.capacity.vcpus, grant.slots, cpu_list(share.cpus));
  else
    text = fmt::format("{} slots on {} CPUs, not bound", share.capacity.vcpus, grant.slots);
  text += ", " + memory_words(share.capacity.memory_mib);
  if (!grant.memory.source.empty()) text += "; " + grant.memory.source;
  return text;
}

// The user's own number of CPUs a share; false where it does not fit.
bool give_own_cpus(const Grant& grant, const Request& request, Allocation& share) {
  const std::uint64_t each = *request.cpus_per_node;
  if (!grant.pinned || each * request.shares > grant.cpus.numbers.size()) return false;
  const Cpus own = slice(grant.cpus, each * request.share, each);
  share.cpus = own.numbers;
  share.steps = own.steps;
  return true;
}

}  // namespace

Cpus only(const Cpus& cpus, const std::vector<std::uint32_t>& wanted) {
  Cpus kept;
  std::uint8_t step = 0;
  for (std::size_t i = 0; i < cpus.numbers.size(); ++i) {
    if (i > 0) step = std::max(step, cpus.steps[i - 1]);
    if (!has(wanted, cpus.numbers[i])) continue;
    if (!kept.numbers.empty()) kept.steps.push_back(step);
    kept.numbers.push_back(cpus.numbers[i]);
    step = 0;
  }
  return kept;
}

Cpus slice(const Cpus& cpus, std::size_t begin, std::size_t count) {
  Cpus part;
  for (std::size_t i = begin; i < begin + count; ++i) {
    if (i > begin) part.steps.push_back(cpus.steps[i - 1]);
    part.numbers.push_back(cpus.numbers[i]);
  }
  return part;
}

CpuGrant granted_cpus(const Masks& masks, bool launched_by_mpirun) {
  const auto within = [&](const std::vector<std::uint32_t>& mask) {
    const Cpus both = only(masks.hardware, mask);
    // hwloc knows none of them (a container that hides /sys): the mask is all there is.
    return both.numbers.empty() ? without_distances(mask) : both;
  };
  if (!launched_by_mpirun) return {within(masks.own), {}, {}};
  CpuGrant grant{masks.launcher ? within(*masks.launcher) : masks.hardware, {}, {}};
  if (grant.cpus.numbers.empty()) grant.cpus = within(masks.own);
  const std::vector<std::uint32_t>& wide = grant.cpus.numbers;
  const auto bound = only(grant.cpus, masks.own).numbers;
  if (bound.size() < wide.size()) {
    // All that the launcher itself was granted; or, where it cannot be seen, all that there is.
    auto& lines = masks.launcher ? grant.remarks : grant.notices;
    lines.push_back(fmt::format("the launcher bound this rank to CPU {}; using {}",
                                cpu_list(masks.own), cpu_list(wide)));
  }
  return grant;
}

std::uint64_t reserve_bytes(std::uint64_t limit_bytes) {
  const std::uint64_t percent = limit_bytes / 100;
  return std::min(std::max(kReserveBytesMin, kReservePercent * percent),
                  kReservePercentMax * percent);
}

Result<Allocation> split(const Grant& grant, const Request& request) {
  if (request.share >= request.shares)
    return fail(ErrorKind::Usage, fmt::format("share {} does not exist: this host has {} (from 0)",
                                              request.share, request.shares));
  Allocation share;
  share.notices = grant.notices;
  share.remarks = grant.remarks;
  share.pinned = grant.pinned;
  if (request.cpus_per_node) {
    share.capacity.vcpus = *request.cpus_per_node;
    share.pinned = give_own_cpus(grant, request, share);
    if (!share.pinned && grant.pinned)
      share.notices.push_back(fmt::format(
          "{} CPUs a node on {} node(s) of this host are more than its {}: attempts are "
          "not bound to CPUs",
          *request.cpus_per_node, request.shares, grant.cpus.numbers.size()));
  } else {
    const std::uint32_t each = grant.slots / request.shares;
    const std::uint32_t more = grant.slots % request.shares;  // the first shares have one more
    share.capacity.vcpus = each + (request.share < more ? 1 : 0);
    if (share.pinned) {
      const Cpus own = slice(grant.cpus, each * request.share + std::min(request.share, more),
                             share.capacity.vcpus);
      share.cpus = own.numbers;
      share.steps = own.steps;
    }
  }
  if (!share.pinned) {
    share.cpus = grant.cpus.numbers;
    share.steps = grant.cpus.steps;
  }
  share.capacity.memory_mib =
      (grant.memory.bytes - reserve_bytes(grant.memory.bytes)) / request.shares / kMib;
  share.words = describe(grant, share);
  return share;
}

}  // namespace mpibatch::topology
