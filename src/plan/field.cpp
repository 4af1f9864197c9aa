#include "plan/field.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "plan/names.hpp"

namespace mpibatch::plan {

std::string Path::text() const {
  std::string text;
  if (parent_) text = parent_->text();
  if (!parent_) return text;
  if (index_ != kField) return text + "[" + std::to_string(index_) + "]";
  if (!text.empty()) text += '.';
  return text.append(name_.empty() ? "\"\"" : name_);
}

void Errors::add(const std::string& file, const std::string& place, std::string message) {
  auto found = std::find_if(files_.begin(), files_.end(),
                            [&](const OfFile& of_file) { return of_file.file == file; });
  if (found == files_.end()) found = files_.insert(found, {file, {}, 0});
  ++size_;
  if (found->errors.size() == kErrorsPerFileMax) {
    ++found->dropped;
    return;
  }
  found->errors.push_back({place.empty() ? file : file + ": " + place, std::move(message)});
}

std::vector<PlanError> Errors::take() {
  std::vector<PlanError> all;
  for (OfFile& of_file : files_) {
    for (PlanError& error : of_file.errors) all.push_back(std::move(error));
    if (of_file.dropped > 0)
      all.push_back({of_file.file, "and " + std::to_string(of_file.dropped) + " more errors"});
  }
  files_.clear();
  size_ = 0;
  return all;
}

void Report::add_unknown(const Path& path, std::string_view what, const std::string& name,
                         const std::function<std::vector<std::string>()>& known) const {
  std::string message = std::string(what) + " '" + name + "' is unknown";
  if (errors_->size() <= Errors::kErrorsPerFileMax) message += known_names(name, known());
  add(path, std::move(message));
}

namespace {

void check_name(std::string_view name, const Path& path, const Fields& fields,
                const Report& report) {
  const auto has = [&](std::span<const std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (has(fields.supported)) return;
  if (has(fields.refused)) {
    report.add(path.field(name), "'" + std::string(name) + "' is not supported yet");
    return;
  }
  std::string message = "unknown field '" + std::string(name) + "'";
  const auto elsewhere = std::find_if(fields.elsewhere.begin(), fields.elsewhere.end(),
                                      [&](const auto& other) { return other.first == name; });
  if (elsewhere != fields.elsewhere.end()) {
    message += "; it belongs in '" + std::string(elsewhere->second) + "'";
  } else if (report.errors().size() <= Errors::kErrorsPerFileMax) {
    std::vector<std::string_view> known(fields.supported.begin(), fields.supported.end());
    known.insert(known.end(), fields.refused.begin(), fields.refused.end());
    const std::string_view near = nearest(name, known);
    if (!near.empty())
      message += "; did you mean '" + std::string(near) + "'?";
    else
      message += "; known: " + join(fields.supported);
  }
  report.add(path.field(name), std::move(message));
}

void wrong_type(const JsonValue& value, const Path& path, std::string_view wanted,
                const Report& report) {
  report.add(path, "must be " + std::string(wanted) + ", not " + std::string(kind_name(value)));
}

void out_of_bounds(const Path& path, Bounds bounds, const std::string& text, const Report& report) {
  std::string message = "must be a whole number ";
  if (bounds.max == INT64_MAX)
    message += "of at least " + std::to_string(bounds.min);
  else
    message += "from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max);
  report.add(path, message + ", not " + text);
}

}  // namespace

const JsonObject* read_object(const JsonValue& value, const Path& path, const Fields& fields,
                              const Report& report) {
  const auto* object = value.as<JsonObject>();
  if (!object) {
    wrong_type(value, path, "an object", report);
    return nullptr;
  }
  for (const auto& [name, field] : *object) check_name(name, path, fields, report);
  return object;
}

const JsonArray* read_array(const JsonValue& value, const Path& path, const Report& report) {
  const auto* array = value.as<JsonArray>();
  if (!array) wrong_type(value, path, "an array", report);
  return array;
}

std::optional<std::string> read_string(const JsonValue& value, const Path& path,
                                       const Report& report) {
  const auto* text = value.as<std::string>();
  if (!text) {
    const auto* number = value.as<JsonNumber>();
    wrong_type(value, path, number ? "a string, \"" + number->text + "\"" : "a string", report);
    return std::nullopt;
  }
  if (text->find('\0') != std::string::npos) {
    report.add(path, "must not hold a NUL character: no program could be given it");
    return std::nullopt;
  }
  return *text;
}

std::optional<bool> read_bool(const JsonValue& value, const Path& path, const Report& report) {
  if (const auto* truth = value.as<bool>()) return *truth;
  wrong_type(value, path, "true or false", report);
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(const JsonValue& value, const Path& path, Bounds bounds,
                                         const Report& report) {
  const auto* number = value.as<JsonNumber>();
  if (!number) {
    wrong_type(value, path, "a whole number", report);
    return std::nullopt;
  }
  if (!number->integral || number->integer < bounds.min || number->integer > bounds.max) {
    out_of_bounds(path, bounds, number->text, report);
    return std::nullopt;
  }
  return number->integer;
}

std::optional<std::int64_t> read_quantity(const JsonValue& value, const Path& path, Bounds bounds,
                                          const Report& report) {
  const auto* text = value.as<std::string>();
  if (!text) return read_integer(value, path, bounds, report);
  std::int64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [last, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc{} || last != end || number < bounds.min || number > bounds.max) {
    out_of_bounds(path, bounds, "\"" + *text + "\"", report);
    return std::nullopt;
  }
  return number;
}

std::optional<std::string> read_text(const JsonValue& value, const Path& path,
                                     const Report& report) {
  if (const auto* number = value.as<JsonNumber>()) return number->text;
  if (value.as<std::string>()) return read_string(value, path, report);
  wrong_type(value, path, "a string or a number", report);
  return std::nullopt;
}

std::optional<double> read_number(const JsonValue& value, const Path& path, NumberBounds bounds,
                                  const Report& report) {
  const auto* number = value.as<JsonNumber>();
  if (!number) {
    wrong_type(value, path, "a number", report);
    return std::nullopt;
  }
  if (number->value >= bounds.min && number->value <= bounds.max) return number->value;
  std::ostringstream message;
  message.precision(10);
  message << "must be a number from " << bounds.min << " to " << bounds.max << ", not "
          << number->text;
  report.add(path, message.str());
  return std::nullopt;
}

std::vector<std::string> read_strings(const JsonValue& value, const Path& path,
                                      const Report& report) {
  std::vector<std::string> strings;
  const JsonArray* array = read_array(value, path, report);
  for (std::size_t i = 0; array && i < array->size(); ++i)
    if (auto text = read_string((*array)[i], path.item(i), report))
      strings.push_back(std::move(*text));
  return strings;
}

std::optional<std::size_t> read_word(const JsonValue& value, const Path& path,
                                     std::span<const std::string_view> words,
                                     const Report& report) {
  const auto text = read_string(value, path, report);
  if (!text) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return found - words.begin();
  report.add(path, "'" + *text + "' must be " + join(words, " or "));
  return std::nullopt;
}

const JsonValue* require_field(const JsonValue& object, std::string_view name, const Path& path,
                               const Report& report) {
  const JsonValue* value = object.find(name);
  if (!value) report.add(path, "'" + std::string(name) + "' is missing");
  return value;
}

}  // namespace mpibatch::plan
