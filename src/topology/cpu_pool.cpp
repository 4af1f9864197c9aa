#include <algorithm>

#include <mpibatch/base/check.hpp>
#include <mpibatch/topology/allocation.hpp>

namespace mpibatch::topology {

// The machine's objects are nested, so in logical order each is a run of neighbours whose steps are
// all smaller than those at its edges.
struct CpuPool::Map {
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint32_t free = 0;
  };

  std::vector<std::uint32_t> cpus;
  std::vector<std::uint8_t> steps;
  std::vector<bool> taken;
  bool pinned = true;
  std::uint32_t free = 0;

  std::uint32_t count_free(std::size_t begin, std::size_t end) const {
    return static_cast<std::uint32_t>(std::count(taken.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 taken.begin() + static_cast<std::ptrdiff_t>(end),
                                                 false));
  }

  // The objects that this one consists of: cut at its largest steps.
  std::vector<Range> parts(const Range& whole) const {
    std::vector<Range> found;
    if (whole.end - whole.begin < 2) return found;
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(whole.begin);
    const auto last = steps.begin() + static_cast<std::ptrdiff_t>(whole.end) - 1;
    const std::uint8_t largest = *std::max_element(first, last);
    std::size_t begin = whole.begin;
    for (std::size_t i = whole.begin; i < whole.end; ++i) {
      if (i + 1 < whole.end && steps[i] < largest) continue;
      found.push_back({begin, i + 1, count_free(begin, i + 1)});
      begin = i + 1;
    }
    return found;
  }

  void take_from(const Range& whole, std::uint32_t n, std::vector<std::uint32_t>& out) {
    if (n == 0) return;
    if (whole.free == n) {
      for (std::size_t i = whole.begin; i < whole.end; ++i) {
        if (taken[i]) continue;
        taken[i] = true;
        out.push_back(cpus[i]);
      }
      return;
    }
    std::vector<Range> inner = parts(whole);
    // Best fit keeps large holes for wide jobs; where no part is enough, the emptiest one first
    // makes for the fewest pieces.
    while (n > 0) {
      auto best = inner.end();
      for (auto part = inner.begin(); part != inner.end(); ++part) {
        if (part->free == 0) continue;
        if (best == inner.end() ||
            (part->free >= n ? best->free < n || part->free < best->free : part->free > best->free))
          best = part;
      }
      MPIBATCH_CHECK(best != inner.end());
      const std::uint32_t size = std::min(n, best->free);
      take_from(*best, size, out);
      n -= size;
      best->free = 0;
    }
  }
};

CpuPool::CpuPool(const Allocation& allocation) : map_(std::make_unique<Map>()) {
  map_->pinned = allocation.pinned;
  map_->free = allocation.capacity.vcpus;
  if (!allocation.pinned) return;
  map_->cpus = allocation.cpus;
  map_->steps = allocation.steps;
  // An allocation made by hand: all are as near as any other.
  if (!map_->cpus.empty()) map_->steps.resize(map_->cpus.size() - 1, 1);
  map_->taken.resize(map_->cpus.size());
  map_->free = static_cast<std::uint32_t>(map_->cpus.size());
}

CpuPool::~CpuPool() = default;
CpuPool::CpuPool(CpuPool&&) noexcept = default;

std::optional<std::vector<std::uint32_t>> CpuPool::take(std::uint32_t n) {
  std::vector<std::uint32_t> taken;
  if (!map_->pinned || n == 0) return taken;
  if (n > map_->free) return std::nullopt;
  map_->take_from({0, map_->cpus.size(), map_->free}, n, taken);
  map_->free -= n;
  return taken;
}

void CpuPool::give_back(const std::vector<std::uint32_t>& cpus) {
  for (const std::uint32_t cpu : cpus) {
    const auto found = std::find(map_->cpus.begin(), map_->cpus.end(), cpu);
    MPIBATCH_CHECK(found != map_->cpus.end());
    const auto place = static_cast<std::size_t>(found - map_->cpus.begin());
    MPIBATCH_CHECK(map_->taken[place]);
    map_->taken[place] = false;
    ++map_->free;
  }
}

std::uint32_t CpuPool::free() const { return map_->free; }

}  // namespace mpibatch::topology
