// Reading a plan's values: where each one stands, and everything that is wrong with it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mpibatch/plan/load.hpp>

#include "plan/json.hpp"

namespace mpibatch::plan {

// A field's place: a link of a chain that lives on the callers' stacks, written out only when
// something is wrong there.
class Path {
 public:
  Path() = default;
  Path field(std::string_view name) const { return Path(this, name, kField); }
  Path item(std::size_t index) const { return Path(this, {}, index); }
  std::string text() const;  // `jobs[3].dependsOn[0].jobId`

 private:
  Path(const Path* parent, std::string_view name, std::size_t index)
      : parent_(parent), name_(name), index_(index) {}
  const Path* parent_ = nullptr;
  static constexpr std::size_t kField = SIZE_MAX;
  std::string_view name_;
  std::size_t index_ = kField;  // or an item of an array
};

// What is wrong with a plan and its files. Of one file it keeps the first kErrorsPerFileMax and
// counts the rest.
class Errors {
 public:
  static constexpr std::size_t kErrorsPerFileMax = 100;

  void add(const std::string& file, const std::string& place, std::string message);
  bool empty() const { return files_.empty(); }
  std::size_t size() const { return size_; }
  std::vector<PlanError> take();

 private:
  struct OfFile {
    std::string file;
    std::vector<PlanError> errors;
    std::size_t dropped = 0;
  };
  std::vector<OfFile> files_;
  std::size_t size_ = 0;
};

// Errors of one file.
class Report {
 public:
  Report(Errors& errors, std::string file) : errors_(&errors), file_(std::move(file)) {}
  void add(const Path& path, std::string message) const {
    errors_->add(file_, path.text(), std::move(message));
  }
  void add(const std::string& place, std::string message) const {
    errors_->add(file_, place, std::move(message));
  }
  // Of a name that nothing has. Near names are looked for as long as somebody sees them: that takes
  // long where there are many.
  void add_unknown(const Path& path, std::string_view what, const std::string& name,
                   const std::function<std::vector<std::string>()>& known) const;
  Errors& errors() const { return *errors_; }

 private:
  Errors* errors_;
  std::string file_;
};

// The fields that an object may have.
struct Fields {
  std::span<const std::string_view> supported;
  std::span<const std::string_view> refused;  // of the plan's language, not in this version
  // Fields of another object that are easily put here: name and where it belongs.
  std::span<const std::pair<std::string_view, std::string_view>> elsewhere;
};

// The object, with each of its fields found in `fields` or reported; null (reported) if the value
// is no object.
const JsonObject* read_object(const JsonValue& value, const Path& path, const Fields& fields,
                              const Report& report);

// Each reports what is wrong and then gives nothing.
const JsonArray* read_array(const JsonValue& value, const Path& path, const Report& report);
std::optional<std::string> read_string(const JsonValue& value, const Path& path,
                                       const Report& report);  // without NUL
std::optional<bool> read_bool(const JsonValue& value, const Path& path, const Report& report);
struct Bounds {
  std::int64_t min = 0;
  std::int64_t max = INT64_MAX;
};
std::optional<std::int64_t> read_integer(const JsonValue& value, const Path& path, Bounds bounds,
                                         const Report& report);
// As above, or its digits as a string: AWS writes quantities so.
std::optional<std::int64_t> read_quantity(const JsonValue& value, const Path& path, Bounds bounds,
                                          const Report& report);
// A string, or a number as it was written.
std::optional<std::string> read_text(const JsonValue& value, const Path& path,
                                     const Report& report);

struct NumberBounds {
  double min = 0;
  double max = 1e9;
};
std::optional<double> read_number(const JsonValue& value, const Path& path, NumberBounds bounds,
                                  const Report& report);
// Each of an array's strings that is one.
std::vector<std::string> read_strings(const JsonValue& value, const Path& path,
                                      const Report& report);
// One of the words; its place among them.
std::optional<std::size_t> read_word(const JsonValue& value, const Path& path,
                                     std::span<const std::string_view> words, const Report& report);

// The field, or null; reports it as missing where `required`.
const JsonValue* require_field(const JsonValue& object, std::string_view name, const Path& path,
                               const Report& report);

}  // namespace mpibatch::plan
