#include "plan/array.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "plan/grid.hpp"
#include "plan/keys.hpp"
#include "plan/names.hpp"
#include "plan/seed.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kArrayFields[] = {
    "size", "parametersFile", "parameterGrid", "key", "maxConcurrent", "maxFailures", "seed"};

void read_key(const JsonValue& value, const Path& path, ArrayFields& array, const Report& report) {
  auto text = read_string(value, path, report);
  if (!text) return;
  array.where = path.text();
  array.keys_differ = true;  // a key that is wrong is not compared
  if (!array.table) {
    report.add(path,
               "needs a parametersFile or a parameterGrid: the key of other children is "
               "their index");
    return;
  }
  auto made = make_key_template(*text, array.table->names());
  if (made) {
    array.key_template = std::move(*made);
    array.keys_differ = false;
    return;
  }
  for (std::string& fault : made.error()) report.add(path, std::move(fault));
}

// Sets size, table and the default key.
bool read_parameters(const JsonValue& value, const Path& path, SheetReader& sheets,
                     ArrayFields& array, const Report& report) {
  const JsonValue* file = value.find("parametersFile");
  const JsonValue* points = value.find("parameterGrid");
  std::shared_ptr<const Sheet> sheet;
  std::shared_ptr<const Grid> grid;
  if (file) {
    const auto name = read_string(*file, path.field("parametersFile"), report);
    if (name) sheet = sheets.read(*name, path.field("parametersFile"), report);
    if (name) array.sheet_file = *name;
  }
  if (points) grid = read_grid(*points, path.field("parameterGrid"), report);
  if ((file && !sheet) || (points && !grid)) return false;
  if (!grid) {
    array.table = array.sheet = sheet;
    array.size = sheet->rows();
    array.keys_differ = true;  // indices
    return true;
  }
  array.table = grid;
  array.keys_differ = grid->default_key_is_unique();
  if (sheet) {
    bool differ = true;
    for (const std::string& name : grid->names()) {
      const auto& columns = sheet->names();
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) continue;
      report.add(path.field("parameterGrid").field(name), "is a column of the sheet, too");
      differ = false;
    }
    const std::uint64_t children = std::uint64_t{sheet->rows()} * grid->rows();
    if (children > model::kChildrenMax) {
      report.add(path, "rows × grid makes " + std::to_string(children) + " children; at most " +
                           std::to_string(model::kChildrenMax) + " are possible");
      differ = false;
    }
    if (!differ) return false;
    array.table = std::make_shared<SheetGrid>(sheet, grid);
    array.keys_differ = false;
  }
  array.size = array.table->rows();
  array.key_template = default_key(array.table->names());
  return true;
}

std::string child_place(const ArrayFields& array,
                        std::initializer_list<model::ChildIndex> children) {
  const Sheet* sheet = array.sheet.get();
  const bool many = children.size() > 1;
  const std::string noun = sheet ? (many ? "lines " : "line ") : (many ? "children " : "child ");
  std::string text;
  for (const model::ChildIndex child : children) {
    text += text.empty() ? noun : " and ";
    text += std::to_string(sheet ? sheet->line(child) : child);
  }
  return sheet ? text + " of " + array.sheet_file : text;
}

// A number of children, or a part of them: "10%", rounded down.
std::optional<std::uint64_t> read_max_failures(const JsonValue& value, const Path& path,
                                               model::ChildIndex size, const Report& report) {
  const auto* text = value.as<std::string>();
  if (!text) {
    const auto count = read_integer(value, path, {0, model::kChildrenMax}, report);
    if (!count) return std::nullopt;
    return static_cast<std::uint64_t>(*count);
  }
  double percent = 0;
  const char* end = text->data() + text->size();
  const auto [sign, error] = std::from_chars(text->data(), end, percent, std::chars_format::fixed);
  if (error == std::errc{} && sign + 1 == end && *sign == '%' && percent >= 0 && percent <= 100)
    return static_cast<std::uint64_t>(std::floor(percent * size / 100 + 1e-9));
  report.add(path,
             "must be a number of children or a part of them from \"0%\" to \"100%\", not \"" +
                 *text + "\"");
  return std::nullopt;
}

void read_limits(const JsonValue& value, const Path& path, ArrayFields& array,
                 const Report& report) {
  if (const JsonValue* most = value.find("maxConcurrent"))
    if (const auto count =
            read_integer(*most, path.field("maxConcurrent"), {1, model::kChildrenMax}, report))
      array.max_concurrent = static_cast<std::uint64_t>(*count);
  if (const JsonValue* most = value.find("maxFailures"))
    array.max_failures = read_max_failures(*most, path.field("maxFailures"), array.size, report);
}

// Behind all that looks at the table: keys are not made of the seed.
void read_seed(const JsonValue& value, const Path& path, ArrayFields& array, const Report& report) {
  auto seed = read_text(value, path, report);
  if (!seed) return;
  if (array.table) {
    const std::vector<std::string>& names = array.table->names();
    if (std::find(names.begin(), names.end(), kSeedName) != names.end()) {
      report.add(path, "stands beside a parameter of the children that is called 'seed', too");
      return;
    }
  }
  array.table = std::make_shared<SeededTable>(array.table, array.size, std::move(*seed));
}

}  // namespace

tl::expected<std::string, std::vector<std::string>> make_key_template(
    const std::string& text, const std::vector<std::string>& names) {
  const auto known = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<std::string> faults;
  const std::vector<std::string> references = model::referenced_parameters(text);
  if (references.empty()) {
    if (known(text)) return "Ref::{" + text + "}";
    faults.push_back("'" + text + "' is no parameter of this array" + known_names(text, names));
  }
  for (const std::string& name : references)
    if (!known(name))
      faults.push_back("Ref::{" + name + "} is no parameter of this array" +
                       known_names(name, names));
  if (!faults.empty()) return tl::unexpected(std::move(faults));
  return text;
}

std::string default_key(const std::vector<std::string>& names) {
  std::string key;
  for (const std::string& name : names) {
    if (!key.empty()) key += ',';
    key += name;
    key += "=Ref::{" + name + "}";
  }
  return key;
}

std::shared_ptr<const Sheet> SheetReader::read(const std::string& file, const Path& path,
                                               const Report& report) {
  if (file.empty()) {
    report.add(path, "must name a file");
    return nullptr;
  }
  const std::string absolute = absolute_path(folder_, file);
  const auto known = sheets_.find(absolute);
  if (known != sheets_.end()) return known->second;
  const auto content = sources_.read(absolute);
  if (!content) report.add(path, content.error().message);
  auto sheet =
      content ? Sheet::read(*content, separator_of(file), Report(report.errors(), file)) : nullptr;
  sheets_.emplace(absolute, sheet);
  return sheet;
}

std::optional<ArrayFields> read_array_properties(const JsonValue& value, const Path& path,
                                                 SheetReader& sheets, const Report& report) {
  if (!read_object(value, path, {kArrayFields, {}, {}}, report)) return std::nullopt;
  ArrayFields array;
  array.where = path.text();
  const JsonValue* size = value.find("size");
  const bool parameters = value.find("parametersFile") || value.find("parameterGrid");
  if (size && parameters)
    report.add(path.field("size"),
               "stands beside a sheet or a grid, which say how many children "
               "there are: leave it out");
  if (!size && !parameters) {
    report.add(path, "one of 'size', 'parametersFile' and 'parameterGrid' is missing");
    return std::nullopt;
  }
  if (parameters && !read_parameters(value, path, sheets, array, report)) return std::nullopt;
  if (size && !parameters) {
    const auto count = read_integer(*size, path.field("size"), {1, model::kChildrenMax}, report);
    if (!count) return std::nullopt;
    array.size = static_cast<model::ChildIndex>(*count);
    array.keys_differ = true;
  }
  if (const JsonValue* key = value.find("key")) read_key(*key, path.field("key"), array, report);
  read_limits(value, path, array, report);
  if (const JsonValue* seed = value.find("seed"))
    read_seed(*seed, path.field("seed"), array, report);
  return array;
}

void check_keys(const model::PlannedJob& job, const ArrayFields& array, const Report& report) {
  if (array.keys_differ || job.key_template.empty()) return;
  constexpr std::size_t kShownMax = 20;
  const std::vector<RepeatedKey> repeated = repeated_keys(job, kShownMax);
  for (const RepeatedKey& one : repeated) {
    const std::string quoted = "'" + one.key + "'";
    std::string message = "the key " + quoted + " stands ";
    message += one.count == 2 ? "twice: " : std::to_string(one.count) + " times, first in ";
    report.add(array.where, message + child_place(array, {one.first, one.second}) +
                                "; each child needs a key of its own");
  }
  if (repeated.size() == kShownMax)
    report.add(array.where, "there may be more keys that stand twice");
  // An empty key can stand once only, but no command could name that child.
  const model::KeyWriter keys(job);
  for (model::ChildIndex child = 0; repeated.empty() && child < job.spec.size; ++child) {
    if (!keys.key(child).empty()) continue;
    report.add(array.where, "the key is empty: " + child_place(array, {child}));
    return;
  }
}

}  // namespace mpibatch::plan
