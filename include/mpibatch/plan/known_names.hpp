// What to say of a name that is unknown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mpibatch::plan {

// What follows `'x' is unknown` and helps: `; did you mean 'y'?`, and `; known: …`, 20 at the most.
std::string known_names(std::string_view name, const std::vector<std::string>& known);

}  // namespace mpibatch::plan
