#include "plan/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace mpibatch::plan {

namespace {

// Builds values from the parser's events; the stack holds the open arrays and objects.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(std::string_view text) : text_(text) {}

  bool null() override { return put({nullptr}); }
  bool boolean(bool value) override { return put({value}); }
  bool number_integer(std::int64_t value) override {
    return put({JsonNumber{static_cast<double>(value), true, value, std::to_string(value)}});
  }
  bool number_unsigned(std::uint64_t value) override {
    if (value <= INT64_MAX) return number_integer(static_cast<std::int64_t>(value));
    return put({JsonNumber{static_cast<double>(value), false, 0, std::to_string(value)}});
  }
  bool number_float(double value, const std::string& text) override {
    return put({JsonNumber{value, false, 0, text}});
  }
  bool string(std::string& value) override { return put({std::move(value)}); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open({JsonObject{}}); }
  bool start_array(std::size_t) override { return open({JsonArray{}}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    Open& top = stack_.back();
    if (!top.names.insert(name).second)
      errors_.push_back({path() + name, "stands twice in the same object"});
    top.name = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::json::exception& error) override {
    syntax_error(position, token, error.what());
    return false;
  }

  std::vector<JsonError> errors_;
  JsonValue root_;

 private:
  struct Open {
    JsonValue value;
    std::string name;  // of the field that comes next
    std::unordered_set<std::string> names;
  };

  bool put(JsonValue value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Open& top = stack_.back();
    if (auto* array = std::get_if<JsonArray>(&top.value.data))
      array->push_back(std::move(value));
    else
      std::get<JsonObject>(top.value.data).emplace_back(std::move(top.name), std::move(value));
    return true;
  }
  bool open(JsonValue value) {
    if (stack_.size() >= kJsonDepthMax) {
      errors_.push_back({path(), "nests deeper than " + std::to_string(kJsonDepthMax) + " levels"});
      return false;
    }
    stack_.push_back({std::move(value), {}, {}});
    return true;
  }
  bool close() {
    JsonValue value = std::move(stack_.back().value);
    stack_.pop_back();
    return put(std::move(value));
  }
  // The path up to the innermost open object, ready for a name to follow.
  std::string path() const {
    std::string path;
    for (const Open& level : stack_) {
      if (const auto* array = level.value.as<JsonArray>()) {
        if (!path.empty() && path.back() == '.') path.pop_back();
        path += "[" + std::to_string(array->size()) + "].";
      } else if (&level != &stack_.back()) {
        path += level.name + ".";
      }
    }
    return path;
  }
  void syntax_error(std::size_t position, const std::string& token, std::string_view what) {
    const std::string_view before = text_.substr(0, std::min(position, text_.size()));
    const std::size_t line =
        1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t begin = before.rfind('\n');
    const std::size_t column = before.size() - (begin == std::string_view::npos ? 0 : begin + 1);
    // The library's text reads `[json.exception…] parse error at line…: syntax error while … -
    // why`.
    const std::size_t why = what.find("- ");
    std::string message = "is no valid JSON: ";
    message += why == std::string_view::npos ? what : what.substr(why + 2);
    if (const std::size_t read = message.find("; last read: "); read != std::string::npos)
      message.resize(read);
    if (!token.empty() && token.size() <= 40 && token.front() != '<')
      message += " near '" + token + "'";
    errors_.push_back({"line " + std::to_string(line) + ", column " +
                           std::to_string(std::max<std::size_t>(column, 1)),
                       std::move(message)});
  }

  std::string_view text_;
  std::vector<Open> stack_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  const auto* object = as<JsonObject>();
  if (!object) return nullptr;
  const auto found = std::find_if(object->begin(), object->end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == object->end() ? nullptr : &found->second;
}

std::string_view kind_name(const JsonValue& value) {
  constexpr std::string_view kNames[] = {"null",     "a boolean", "a number",
                                         "a string", "an array",  "an object"};
  return kNames[value.data.index()];
}

tl::expected<JsonValue, std::vector<JsonError>> parse_json(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, 3) == kByteOrderMark) text.remove_prefix(3);
  Builder builder(text);
  try {
    nlohmann::json::sax_parse(text, &builder);
  } catch (const nlohmann::json::exception& error) {
    builder.errors_.push_back({"", std::string("is no valid JSON: ") + error.what()});
  }
  if (!builder.errors_.empty()) return tl::unexpected(std::move(builder.errors_));
  return std::move(builder.root_);
}

}  // namespace mpibatch::plan
