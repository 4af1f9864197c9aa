// When what runs ends: one entry for all children of a grant that started and end together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/ranges.hpp>

namespace mpibatch::sim {

struct Running {
  Instant end{};
  std::uint32_t node = 0;
  std::uint32_t slot = 0;  // of its starter's grants
  model::Range children;
  std::uint32_t life = 0;  // of its starter: entries of earlier ones are void
  bool timed_out = false;
  Instant start{};
};

class Calendar {
 public:
  bool empty() const { return heap_.empty(); }
  Instant next() const { return heap_.front().end; }
  void add(const Running& running) {
    heap_.push_back(running);
    std::push_heap(heap_.begin(), heap_.end(), Later{});
  }
  // By end, then by node, grant and child.
  Running take() {
    std::pop_heap(heap_.begin(), heap_.end(), Later{});
    const Running running = heap_.back();
    heap_.pop_back();
    return running;
  }
  const Running& front() const { return heap_.front(); }
  // Rare: looks at all of them.
  template <class Predicate>
  std::vector<Running> take_if(Predicate predicate) {
    std::vector<Running> taken;
    std::erase_if(heap_, [&](const Running& running) {
      if (!predicate(running)) return false;
      taken.push_back(running);
      return true;
    });
    std::make_heap(heap_.begin(), heap_.end(), Later{});
    std::sort(taken.begin(), taken.end(),
              [](const auto& a, const auto& b) { return Later{}(b, a); });
    return taken;
  }

 private:
  struct Later {
    static auto key(const Running& r) {
      return std::tuple(r.end, r.node, r.slot, r.children.begin);
    }
    bool operator()(const Running& a, const Running& b) const { return key(a) > key(b); }
  };
  std::vector<Running> heap_;
};

}  // namespace mpibatch::sim
