// How long single jobs of one kind take these days. Only steers decisions: it is not saved, and a
// wrong guess costs time alone.
#pragma once

#include <cstdint>

#include <mpibatch/base/time.hpp>

namespace mpibatch::scheduler {

class Pace {
 public:
  // Single jobs are less alike than the children of an array: a long one counts at once, and short
  // ones make up for it by and by. How soon they fail says nothing.
  void ended(Duration took, bool succeeded);
  // What was expected to start soon has not: nothing is known until the next one ends.
  void forget() { *this = {}; }
  // How many, one after the other, are expected to start within this time: no more than there were.
  std::uint64_t within(Duration window) const;

 private:
  Duration mean_{0};  // of the last ones, mostly
  std::uint32_t seen_ = 0;
};

}  // namespace mpibatch::scheduler
