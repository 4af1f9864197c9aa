#include <mpibatch/model/ranges.hpp>

#include <algorithm>
#include <iterator>

#include <mpibatch/base/check.hpp>

namespace mpibatch::model {

std::uint64_t count(const Ranges& ranges) {
  std::uint64_t children = 0;
  for (const Range& range : ranges) children += range.size();
  return children;
}

bool contains(const Ranges& ranges, ChildIndex child) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), child,
                       [](ChildIndex wanted, const Range& range) { return wanted < range.begin; });
  return after != ranges.begin() && child < std::prev(after)->end;
}

bool well_formed(const Ranges& ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].begin >= ranges[i].end) return false;
    if (i > 0 && ranges[i].begin <= ranges[i - 1].end) return false;
  }
  return true;
}

Ranges ranges_of(std::vector<ChildIndex> children) {
  std::sort(children.begin(), children.end());
  Ranges ranges;
  for (const ChildIndex child : children) {
    if (ranges.empty() || child > ranges.back().end) {
      ranges.push_back({child, child + 1});
    } else {
      ranges.back().end = child + 1;
    }
  }
  return ranges;
}

std::string to_string(const Ranges& ranges) {
  std::string text;
  for (const Range& range : ranges) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.begin);
    if (range.size() > 1) text.append("-").append(std::to_string(range.end - 1));
  }
  return text;
}

bool RangeSet::contains(ChildIndex child) const {
  const auto after = ends_.upper_bound(child);
  return after != ends_.begin() && child < std::prev(after)->second;
}

bool RangeSet::contains(Range range) const {
  if (range.begin >= range.end) return true;
  const auto after = ends_.upper_bound(range.begin);
  return after != ends_.begin() && range.end <= std::prev(after)->second;
}

Ranges RangeSet::overlap(const Ranges& with) const {
  Ranges both;
  for (const Range& range : with) {
    auto next = ends_.upper_bound(range.begin);
    if (next != ends_.begin()) --next;
    for (; next != ends_.end() && next->first < range.end; ++next) {
      const Range part{std::max(range.begin, next->first), std::min(range.end, next->second)};
      if (part.begin < part.end) both.push_back(part);
    }
  }
  return both;
}

void RangeSet::insert(Range range) {
  if (range.begin >= range.end) return;
  // The new range swallows all that it overlaps or touches.
  auto next = ends_.upper_bound(range.begin);
  if (next != ends_.begin() && std::prev(next)->second >= range.begin) --next;
  while (next != ends_.end() && next->first <= range.end) {
    range.begin = std::min(range.begin, next->first);
    range.end = std::max(range.end, next->second);
    size_ -= next->second - next->first;
    next = ends_.erase(next);
  }
  ends_.emplace_hint(next, range.begin, range.end);
  size_ += range.size();
}

void RangeSet::erase(Range range) {
  if (range.begin >= range.end) return;
  auto next = ends_.upper_bound(range.begin);
  if (next != ends_.begin() && std::prev(next)->second > range.begin) --next;
  while (next != ends_.end() && next->first < range.end) {
    const Range old{next->first, next->second};
    next = ends_.erase(next);
    size_ -= old.size();
    if (old.begin < range.begin) {
      ends_.emplace_hint(next, old.begin, range.begin);
      size_ += range.begin - old.begin;
    }
    if (old.end > range.end) {
      ends_.emplace_hint(next, range.end, old.end);
      size_ += old.end - range.end;
      return;
    }
  }
}

void RangeSet::clear() {
  ends_.clear();
  size_ = 0;
}

ChildIndex RangeSet::front() const {
  MPIBATCH_CHECK(!empty());
  return ends_.begin()->first;
}

std::optional<ChildIndex> RangeSet::at_or_after(ChildIndex child) const {
  const auto after = ends_.upper_bound(child);
  if (after != ends_.begin() && child < std::prev(after)->second) return child;
  if (after == ends_.end()) return std::nullopt;
  return after->first;
}

Ranges RangeSet::first(std::uint64_t most) const {
  Ranges lowest;
  for (auto next = ends_.begin(); most > 0 && next != ends_.end(); ++next) {
    const auto children = static_cast<ChildIndex>(
        std::min<std::uint64_t>(most, std::uint64_t{next->second} - next->first));
    lowest.push_back({next->first, next->first + children});
    most -= children;
  }
  return lowest;
}

Ranges RangeSet::take_front(std::uint64_t most) {
  Ranges taken = first(most);
  for (const Range& range : taken) erase(range);
  return taken;
}

Ranges RangeSet::ranges() const {
  Ranges all;
  all.reserve(ends_.size());
  for (const auto& [begin, end] : ends_) all.push_back({begin, end});
  return all;
}

}  // namespace mpibatch::model
