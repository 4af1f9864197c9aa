// Rules for names, and the nearest known one to a name that is not.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mpibatch/plan/known_names.hpp>

namespace mpibatch::plan {

bool in_name(char c);  // letters, digits, '-' and '_'

// Each gives what is wrong with the name, or nothing.
std::optional<std::string> job_name_fault(std::string_view name);
std::optional<std::string> resource_name_fault(std::string_view name);   // queues, definitions
std::optional<std::string> parameter_name_fault(std::string_view name);  // what Ref:: names
// Of the environment, and of values that arrive there.
std::optional<std::string> environment_name_fault(std::string_view name);
// Of `parameters`, a sheet's columns and a grid's keys: both rules.
std::optional<std::string> column_name_fault(std::string_view name);

// The known name that is most likely meant; empty if none is near.
std::string_view nearest(std::string_view name, std::span<const std::string_view> known);

std::string join(std::span<const std::string_view> words, std::string_view separator = ", ");
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");
// At most `most` of them, then `…`.
std::string join_some(const std::vector<std::string>& words, std::size_t most = 20);

template <class Things>
std::vector<std::string> names_of(const Things& things) {
  std::vector<std::string> names;
  for (const auto& thing : things) names.push_back(thing.name);
  return names;
}

// Where the text stops being UTF-8: an offset; none if it never does.
std::optional<std::size_t> utf8_fault(std::string_view text);

}  // namespace mpibatch::plan
