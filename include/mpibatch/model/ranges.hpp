// Sets of array children as sorted, disjoint, non-adjacent half-open ranges: small for big arrays.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/ids.hpp>

namespace mpibatch::model {

struct Range {
  ChildIndex begin = 0;
  ChildIndex end = 0;  // not included
  ChildIndex size() const { return end - begin; }
  auto operator<=>(const Range&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& begin& end;
  }
};

using Ranges = std::vector<Range>;  // sorted, disjoint, non-adjacent, none empty

std::uint64_t count(const Ranges& ranges);
bool contains(const Ranges& ranges, ChildIndex child);
// Whether it holds what the name promises; what arrives from a peer or a disk may not.
bool well_formed(const Ranges& ranges);
Ranges ranges_of(std::vector<ChildIndex> children);  // sorts, drops doubles
std::string to_string(const Ranges& ranges);         // "0-7,9": both ends included

template <class Function>
void for_each(const Ranges& ranges, Function function) {
  for (const Range& range : ranges)
    for (ChildIndex child = range.begin; child < range.end; ++child) function(child);
}

// A set that grows and shrinks; O(log ranges) an operation.
class RangeSet {
 public:
  bool empty() const { return ends_.empty(); }
  std::uint64_t size() const { return size_; }
  bool contains(ChildIndex child) const;
  void insert(ChildIndex child) { insert(Range{child, child + 1}); }
  void insert(Range range);
  void erase(ChildIndex child) { erase(Range{child, child + 1}); }
  void erase(Range range);
  void clear();
  bool contains(Range range) const;  // all of it
  Ranges overlap(const Ranges& with) const;
  ChildIndex front() const;                                       // the lowest; must not be empty
  std::optional<ChildIndex> at_or_after(ChildIndex child) const;  // the lowest that is not below
  Ranges first(std::uint64_t most) const;                         // the lowest `most`
  Ranges take_front(std::uint64_t most);  // removes and returns the lowest `most`
  Ranges ranges() const;
  bool operator==(const RangeSet&) const = default;

 private:
  std::map<ChildIndex, ChildIndex> ends_;  // begin → end
  std::uint64_t size_ = 0;
};

}  // namespace mpibatch::model
