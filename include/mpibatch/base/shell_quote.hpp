// Quotes a word so that a shell reads it back unchanged: for the commands that messages tell the
// user to type.
#pragma once

#include <string>
#include <string_view>

namespace mpibatch {

std::string shell_quote(std::string_view word);  // unchanged where no quoting is needed

}  // namespace mpibatch
