// Ends what a dead starter of this node left running.
#pragma once

#include <string>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/node.hpp>

#include "node/slot_table.hpp"

namespace mpibatch::node {

// KILLs every process that the table names and its group, and every process whose token begins with
// `token_prefix`, again and again until none is left. False if some still lived after `patience`.
bool sweep(const SlotTable::Previous& previous, const std::string& token_prefix, Duration patience);

}  // namespace mpibatch::node
