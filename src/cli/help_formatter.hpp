// Help as a user reads it: `N (1 to 10, default 3)` where CLI11 has `UINT:UINT in [1 - 10]=3`.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class Formatter;
}

namespace mpibatch::cli {

std::shared_ptr<CLI::Formatter> help_formatter();

// " TYPE:UINT in [LEAST - MOST]=DEFAULT MORE" as " TYPE (LEAST to MOST, default DEFAULT) MORE";
// other texts as they are.
std::string in_words(const std::string& text);

}  // namespace mpibatch::cli
