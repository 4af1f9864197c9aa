// Ref:: in commands, and in other texts.
#pragma once

#include <string>
#include <vector>

#include "plan/container.hpp"

namespace mpibatch::plan {

// Reports what of the command no parameter stands for. A script may hold no reference: bash would
// read the value as code.
void check_references(const CommandField& command, const std::vector<std::string>& parameters,
                      const std::string& job, const Report& report);
// As that of a word of a command.
void check_text_references(const std::string& text, const std::string& where,
                           const std::vector<std::string>& parameters, const std::string& job,
                           const Report& report);

}  // namespace mpibatch::plan
