#include "node/orphans.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

namespace mpibatch::node {

Orphans::Orphans(SlotTable& slots) : slots_(slots) { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::vector<int> Orphans::alive() const {
  std::vector<int> orphans;
  for (const int child : children_.read())
    if (!slots_.holds(child) && ::wait4(child, nullptr, WNOHANG, nullptr) == 0)
      orphans.push_back(child);
  return orphans;
}

}  // namespace mpibatch::node
