// What may be said of the starter before this one, and ending what it left.
#pragma once

#include <string>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/time.hpp>
#include <mpibatch/model/node.hpp>

#include "node/slot_table.hpp"

namespace mpibatch::node {

class PredecessorCheck {
 public:
  // Sweeps if the table at `path` was made here, and replaces it. The caller holds the node's lock,
  // so that an earlier starter that could be seen is dead.
  static Result<PredecessorCheck> make(const std::string& path, const std::string& token_prefix,
                                       Duration lease);

  SlotTable& slots() { return slots_; }
  // `first_starter`: the state folder knows of no starter of this node before us. Sweeps if there
  // was one without a table.
  model::Predecessor verdict(bool first_starter);

 private:
  PredecessorCheck(SlotTable slots, model::Predecessor verdict, bool missing, std::string token)
      : slots_(std::move(slots)),
        verdict_(verdict),
        missing_(missing),
        token_prefix_(std::move(token)) {}

  SlotTable slots_;
  model::Predecessor verdict_;
  bool missing_;
  std::string token_prefix_;
};

}  // namespace mpibatch::node
