#include "plan/array.hpp"

#include <algorithm>

#include "plan/grid.hpp"
#include "plan/keys.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kSupported[] = {"size", "parametersFile", "parameterGrid", "key"};
constexpr std::string_view kRefused[] = {"maxConcurrent", "maxFailures", "seed"};

bool has_ending(const std::string& file, std::string_view ending) {
  return file.size() > ending.size() &&
         std::equal(ending.rbegin(), ending.rend(), file.rbegin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
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

// A name, or a text with references, as a template of references.
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
  const std::vector<std::string>& names = array.table->names();
  const auto known = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const std::vector<std::string> references = model::referenced_parameters(*text);
  if (references.empty()) {
    if (!known(*text)) {
      report.add(path, "'" + *text + "' is no parameter of this array" + known_names(*text, names));
      return;
    }
    array.key_template = "Ref::{" + *text + "}";
    array.keys_differ = false;
    return;
  }
  bool all_known = true;
  for (const std::string& name : references) {
    if (known(name)) continue;
    all_known = false;
    report.add(path,
               "Ref::{" + name + "} is no parameter of this array" + known_names(name, names));
  }
  if (!all_known) return;
  array.key_template = std::move(*text);
  array.keys_differ = false;
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
    array.table = sheet;
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

std::string child_place(const model::PlannedJob& job, const ArrayFields& array,
                        std::initializer_list<model::ChildIndex> children) {
  const auto* sheet = dynamic_cast<const Sheet*>(job.parameters.get());
  const bool many = children.size() > 1;
  const std::string noun = sheet ? (many ? "lines " : "line ") : (many ? "children " : "child ");
  std::string text;
  for (const model::ChildIndex child : children) {
    text += text.empty() ? noun : " and ";
    text += std::to_string(sheet ? sheet->line(child) : child);
  }
  return sheet ? text + " of " + array.sheet_file : text;
}

}  // namespace

std::shared_ptr<const Sheet> SheetReader::read(const std::string& file, const Path& path,
                                               const Report& report) {
  if (file.empty()) {
    report.add(path, "must name a file");
    return nullptr;
  }
  for (const char* ending : {".tsv", ".tab"}) {
    if (!has_ending(file, ending)) continue;
    report.add(path, "TSV sheets are not supported yet: write '" + file + "' as CSV");
    return nullptr;
  }
  const std::string absolute = absolute_path(folder_, file);
  const auto known = sheets_.find(absolute);
  if (known != sheets_.end()) return known->second;
  const auto content = sources_.read(absolute);
  if (!content) report.add(path, content.error().message);
  auto sheet = content ? Sheet::read(*content, Report(report.errors(), file)) : nullptr;
  sheets_.emplace(absolute, sheet);
  return sheet;
}

std::optional<ArrayFields> read_array_properties(const JsonValue& value, const Path& path,
                                                 SheetReader& sheets, const Report& report) {
  if (!read_object(value, path, {kSupported, kRefused, {}}, report)) return std::nullopt;
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
    report.add(array.where, message + child_place(job, array, {one.first, one.second}) +
                                "; each child needs a key of its own");
  }
  if (repeated.size() == kShownMax)
    report.add(array.where, "there may be more keys that stand twice");
  // An empty key can stand once only, but no command could name that child.
  const model::KeyWriter keys(job);
  for (model::ChildIndex child = 0; repeated.empty() && child < job.spec.size; ++child) {
    if (!keys.key(child).empty()) continue;
    report.add(array.where, "the key is empty: " + child_place(job, array, {child}));
    return;
  }
}

}  // namespace mpibatch::plan
