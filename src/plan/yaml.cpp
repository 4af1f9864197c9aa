#include "plan/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <unordered_set>

#include "plan/csv.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

std::string place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1);
}

// Ends the parsing.
struct Refused {
  JsonError error;
};

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

// [-+]? (\.[0-9]+ | [0-9]+ (\.[0-9]*)?) ([eE][-+]?[0-9]+)?
bool is_decimal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!all_of(power, kDigits)) return false;
    text = text.substr(0, e);
  }
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return all_of(text, kDigits);
  const std::string_view whole = text.substr(0, dot);
  const std::string_view part = text.substr(dot + 1);
  if (!whole.empty() && !all_of(whole, kDigits)) return false;
  return part.empty() ? !whole.empty() : all_of(part, kDigits);
}

std::optional<JsonNumber> prefixed_number(std::string_view text, int base) {
  JsonNumber number;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + 2, end, number.integer, base);
  if (text.size() == 2 || text[2] == '-' || error != std::errc{} || last != end)
    return std::nullopt;
  number.integral = true;
  number.value = static_cast<double>(number.integer);
  number.text = text;
  return number;
}

// None where the core schema sees no number, and for what no number here can be.
std::optional<JsonNumber> parse_number(std::string_view text) {
  if (text.starts_with("0x")) return prefixed_number(text, 16);
  if (text.starts_with("0o")) return prefixed_number(text, 8);
  if (!is_decimal(text)) return std::nullopt;
  JsonNumber number;
  number.text = text;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto integer = std::from_chars(begin, end, number.integer);
  number.integral = integer.ec == std::errc{} && integer.ptr == end;
  const auto real = std::from_chars(begin, end, number.value);
  if (real.ec != std::errc{} || real.ptr != end) return std::nullopt;
  return number;
}

JsonValue core_value(const std::string& text) {
  for (const char* word : {"true", "True", "TRUE"})
    if (text == word) return {true};
  for (const char* word : {"false", "False", "FALSE"})
    if (text == word) return {false};
  if (auto number = parse_number(text)) return {std::move(*number)};
  return {text};
}

std::size_t weight(const JsonValue& value) {
  std::size_t sum = sizeof value;
  if (const auto* text = value.as<std::string>()) sum += text->size();
  if (const auto* number = value.as<JsonNumber>()) sum += number->text.size();
  if (const auto* array = value.as<JsonArray>())
    for (const JsonValue& item : *array) sum += weight(item);
  if (const auto* object = value.as<JsonObject>())
    for (const auto& [name, field] : *object) sum += sizeof name + name.size() + weight(field);
  return sum;
}

// Builds values from the parser's events; the stack holds the open sequences and maps.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0)
      refuse(mark, "holds a second document: a plan is one, without '---' after it");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) refuse(mark, "a field has no name");
    put({nullptr}, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "the alias stands in what it stands for");
    if (expects_key()) {
      const auto* text = found->second.as<std::string>();
      if (!text) refuse(mark, "a field's name must be a text");
      set_key(*text, mark);
      return;
    }
    put(copy(found->second, mark), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (expects_key()) {
      if (tag == "?" && text == "<<")
        refuse(mark, "merge keys ('<<') are none of YAML 1.2: name a jobDefinition instead");
      if (anchor != 0) remember(anchor, {text}, mark);
      set_key(text, mark);
      return;
    }
    if (tag == "?") {
      put(core_value(text), anchor, mark);
    } else if (tag == "!" || tag == "tag:yaml.org,2002:str") {
      put({text}, anchor, mark);
    } else if (tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" ||
               tag == "tag:yaml.org,2002:bool") {
      JsonValue value = core_value(text);
      if (value.as<std::string>()) refuse(mark, "'" + text + "' is not what its tag says");
      put(std::move(value), anchor, mark);
    } else if (tag == "tag:yaml.org,2002:null") {
      put({nullptr}, anchor, mark);
    } else {
      refuse(mark, "the tag '" + tag + "' has no meaning here");
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open({JsonArray{}}, tag, "tag:yaml.org,2002:seq", anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open({JsonObject{}}, tag, "tag:yaml.org,2002:map", anchor, mark);
  }
  void OnMapEnd() override { close(); }

  bool empty() const { return documents_ == 0; }
  JsonValue root_;
  std::vector<JsonError> errors_;

 private:
  struct Open {
    JsonValue value;
    std::optional<std::string> name;  // of the field whose value comes next
    std::unordered_set<std::string> names;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string message) {
    throw Refused{{place_of(mark), std::move(message)}};
  }
  bool expects_key() const {
    return !stack_.empty() && stack_.back().value.as<JsonObject>() && !stack_.back().name;
  }
  void set_key(const std::string& name, const YAML::Mark& mark) {
    constexpr std::size_t kErrorsMax = 100;
    Open& top = stack_.back();
    if (!top.names.insert(name).second && errors_.size() < kErrorsMax)
      errors_.push_back({place_of(mark), "'" + name + "' stands twice in the same object"});
    top.name = name;
  }
  JsonValue copy(const JsonValue& value, const YAML::Mark& mark) {
    copied_ += weight(value);
    if (copied_ > kYamlCopiesMax)
      refuse(mark, "the file's aliases make more than " + std::to_string(kYamlCopiesMax >> 20) +
                       " MiB of it");
    return value;
  }
  void remember(YAML::anchor_t anchor, const JsonValue& value, const YAML::Mark& mark) {
    anchors_[anchor] = copy(value, mark);
  }
  void put(JsonValue value, YAML::anchor_t anchor,
           const YAML::Mark& mark = YAML::Mark::null_mark()) {
    if (anchor != 0) remember(anchor, value, mark);
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& top = stack_.back();
    if (auto* array = std::get_if<JsonArray>(&top.value.data)) {
      array->push_back(std::move(value));
      return;
    }
    std::get<JsonObject>(top.value.data).emplace_back(std::move(*top.name), std::move(value));
    top.name.reset();
  }
  void open(JsonValue value, const std::string& tag, std::string_view own_tag,
            YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (expects_key()) refuse(mark, "a field's name must be a text");
    if (tag != "?" && tag != "!" && tag != own_tag && !tag.empty())
      refuse(mark, "the tag '" + tag + "' has no meaning here");
    if (stack_.size() >= kJsonDepthMax)
      refuse(mark, "nests deeper than " + std::to_string(kJsonDepthMax) + " levels");
    stack_.push_back({std::move(value), std::nullopt, {}, anchor, mark});
  }
  void close() {
    Open top = std::move(stack_.back());
    stack_.pop_back();
    put(std::move(top.value), top.anchor, top.mark);
  }

  std::vector<Open> stack_;
  std::map<YAML::anchor_t, JsonValue> anchors_;
  std::size_t copied_ = 0;
  std::size_t documents_ = 0;
};

// What the parser itself would take for something else: it ends at a byte 4.
std::optional<JsonError> check_bytes(std::string_view text) {
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
           c == 0x7F;
  });
  const auto fault = utf8_fault(text);
  if (control == text.end() && !fault) return std::nullopt;
  const auto at = control != text.end() ? static_cast<std::size_t>(control - text.begin()) : *fault;
  return JsonError{"line " + std::to_string(LineCounter(text).line(at)),
                   control != text.end() ? "holds a control character" : "is not UTF-8"};
}

}  // namespace

tl::expected<JsonValue, std::vector<JsonError>> parse_yaml(std::string_view text) {
  if (auto fault = check_bytes(text)) return tl::unexpected(std::vector{std::move(*fault)});
  Builder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    if (builder.empty()) builder.errors_.push_back({"", "is empty: it holds no plan"});
  } catch (const Refused& refused) {
    builder.errors_.push_back(refused.error);
  } catch (const YAML::Exception& error) {
    builder.errors_.push_back({place_of(error.mark), "is no valid YAML: " + error.msg});
  } catch (const std::exception& error) {
    builder.errors_.push_back({"", std::string("is no valid YAML: ") + error.what()});
  }
  if (!builder.errors_.empty()) return tl::unexpected(std::move(builder.errors_));
  return std::move(builder.root_);
}

}  // namespace mpibatch::plan
