// JSON as it is printed. Texts come from plans and programs, and need not be UTF-8. `Json` is the
// library's type, which no header includes: it compiles slowly.
#pragma once

#include <string>

namespace mpibatch::cli {

// `indent` below 0: on one line.
template <class Json>
std::string json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

template <class Json>
std::string indented_json(const Json& value) {
  return json_text(value, 2) + "\n";
}

template <class Json>
std::string json_line(const Json& value) {
  return json_text(value, -1) + "\n";
}

}  // namespace mpibatch::cli
