// A YAML text as the same values as JSON's: one document of YAML 1.2's core schema.
#pragma once

#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "plan/json.hpp"

namespace mpibatch::plan {

// Aliases repeat what their anchors name; together they may make this much more of it.
inline constexpr std::size_t kYamlCopiesMax = std::size_t{64} << 20;  // bytes

// Plain scalars are null, true, false, numbers (`1`, `0x1F`, `0o17`, `1e-3`) or else texts: `yes`,
// `NO` and `12:30` stay what they are. Else why not, each with `line 3, column 7`.
tl::expected<JsonValue, std::vector<JsonError>> parse_yaml(std::string_view text);

}  // namespace mpibatch::plan
