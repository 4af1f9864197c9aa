// A JSON text as values that keep the order of their fields, and their numbers as they were
// written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace mpibatch::plan {

struct JsonValue;

struct JsonNumber {
  double value = 0;
  bool integral = false;  // then `integer` is exact
  std::int64_t integer = 0;
  std::string text;  // as written
};
using JsonArray = std::vector<JsonValue>;
using JsonObject = std::vector<std::pair<std::string, JsonValue>>;

struct JsonValue {
  std::variant<std::nullptr_t, bool, JsonNumber, std::string, JsonArray, JsonObject> data = nullptr;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
  const JsonValue* find(std::string_view name) const;  // null if it is no object or lacks it
};

std::string_view kind_name(const JsonValue& value);  // "a number"

struct JsonError {
  std::string where;  // `line 3, column 7`, or a field's path
  std::string message;
};

inline constexpr std::size_t kJsonDepthMax = 64;

// The whole text as one value; else why not: the first fault of syntax, or every field that stands
// twice in its object.
tl::expected<JsonValue, std::vector<JsonError>> parse_json(std::string_view text);

}  // namespace mpibatch::plan
