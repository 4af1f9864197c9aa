// Help as a user reads it: `N (1 to 10, default 3)` where CLI11 has `UINT:UINT in [1 - 10]=3`.
#pragma once

#include <memory>

namespace CLI {
class Formatter;
}

namespace mpibatch::cli {

std::shared_ptr<CLI::Formatter> help_formatter();

}  // namespace mpibatch::cli
