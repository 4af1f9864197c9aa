// Processes of attempts whose parents have gone: they become children of this process's main
// thread, so that none can hide from us.
#pragma once

#include <vector>

#include "node/proc.hpp"
#include "node/slot_table.hpp"

namespace mpibatch::node {

// Threads may use it at the same time.
class Orphans {
 public:
  // From now on this process is given its descendants' orphans. `slots` knows the main processes.
  explicit Orphans(SlotTable& slots);
  // Those that have not ended; the others are reaped.
  std::vector<int> alive() const;

 private:
  SlotTable& slots_;
  const ChildList children_;
};

}  // namespace mpibatch::node
