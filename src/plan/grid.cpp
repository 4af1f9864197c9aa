#include "plan/grid.hpp"

#include <algorithm>

#include "plan/hash.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

std::string DecimalRange::value(std::uint64_t index) const {
  const std::int64_t number = start + static_cast<std::int64_t>(index) * step;
  if (number == 0) return "0";
  std::string digits = std::to_string(number < 0 ? -number : number);
  int power = exponent;
  while (digits.back() == '0') {
    digits.pop_back();
    ++power;
  }
  const int size = static_cast<int>(digits.size());
  const int leading = size + power - 1;  // the power of ten of the first digit
  constexpr int kPositionalMax = 20;
  constexpr int kPositionalMin = -7;
  std::string text = number < 0 ? "-" : "";
  if (leading > kPositionalMax || leading < kPositionalMin) {
    text += digits.substr(0, 1);
    if (size > 1) text += "." + digits.substr(1);
    return text + "e" + std::to_string(leading);
  }
  if (power >= 0) return text + digits + std::string(static_cast<std::size_t>(power), '0');
  if (leading < 0)
    return text + "0." + std::string(static_cast<std::size_t>(-leading - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(leading + 1);
  return text + digits.substr(0, whole) + "." + digits.substr(whole);
}

Grid::Grid(std::vector<GridDimension> dimensions) : dimensions_(std::move(dimensions)) {
  std::string identity;
  for (const GridDimension& dimension : dimensions_) {
    names_.push_back(dimension.name);
    rows_ *= static_cast<model::ChildIndex>(dimension.count());
    identity += dimension.name;
    if (const auto& range = dimension.range)
      identity += '\0' + std::to_string(range->start) + '\0' + std::to_string(range->step) + '\0' +
                  std::to_string(range->exponent) + '\0' + std::to_string(range->count);
    for (const std::string& value : dimension.list) identity += '\1' + value;
    identity += '\2';
  }
  digest_ = std::max<std::uint64_t>(stable_hash(identity), 1);
}

std::vector<std::string> Grid::values(model::ChildIndex row) const {
  std::vector<std::string> values(dimensions_.size());
  std::uint64_t rest = row;
  for (std::size_t i = dimensions_.size(); i-- > 0;) {
    values[i] = dimensions_[i].value(rest % dimensions_[i].count());
    rest /= dimensions_[i].count();
  }
  return values;
}

bool Grid::default_key_is_unique() const {
  const auto plain = [](const std::string& value) { return value.find(',') == std::string::npos; };
  return std::all_of(dimensions_.begin(), dimensions_.end(), [&](const GridDimension& dimension) {
    return std::all_of(dimension.list.begin(), dimension.list.end(), plain);
  });
}

SheetGrid::SheetGrid(std::shared_ptr<const model::ParameterTable> sheet,
                     std::shared_ptr<const Grid> grid)
    : sheet_(std::move(sheet)), grid_(std::move(grid)), names_(sheet_->names()) {
  names_.insert(names_.end(), grid_->names().begin(), grid_->names().end());
}

std::vector<std::string> SheetGrid::values(model::ChildIndex row) const {
  std::vector<std::string> values = sheet_->values(row / grid_->rows());
  for (std::string& value : grid_->values(row % grid_->rows())) values.push_back(std::move(value));
  return values;
}

std::uint64_t SheetGrid::digest() const {
  const std::uint64_t sheet = sheet_->digest();
  return sheet == 0 ? 0
                    : std::max<std::uint64_t>(
                          stable_hash("sheet x grid", sheet ^ (grid_->digest() * 31)), 1);
}

namespace {

// A number as an exact decimal: mantissa × 10^exponent.
struct Decimal {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

constexpr std::int64_t kMantissaMax = 900'000'000'000'000'000;  // sums of two stay in 64 bits
constexpr int kExponentMax = 300;

std::optional<Decimal> parse_decimal(const JsonNumber& number) {
  Decimal decimal;
  // YAML also has 0x1F and 0o17.
  const bool digits = number.text.find_first_of("xo") == std::string::npos;
  const std::string text = digits ? number.text : std::to_string(number.integer);
  const bool negative = text.starts_with('-');
  bool fraction = false;
  std::size_t at = negative || text.starts_with('+') ? 1 : 0;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') {
      fraction = true;
      continue;
    }
    if (decimal.mantissa > (kMantissaMax - 9) / 10) return std::nullopt;
    decimal.mantissa = decimal.mantissa * 10 + (text[at] - '0');
    if (fraction) --decimal.exponent;
  }
  if (at < text.size()) {
    const bool small = text[at + 1] == '-';
    int exponent = 0;
    for (at += text[at + 1] == '-' || text[at + 1] == '+' ? 2 : 1; at < text.size(); ++at) {
      exponent = exponent * 10 + (text[at] - '0');
      if (exponent > kExponentMax) return std::nullopt;
    }
    decimal.exponent += small ? -exponent : exponent;
  }
  if (negative) decimal.mantissa = -decimal.mantissa;
  while (decimal.mantissa != 0 && decimal.mantissa % 10 == 0) {
    decimal.mantissa /= 10;
    ++decimal.exponent;
  }
  if (decimal.mantissa == 0) decimal.exponent = 0;
  return decimal;
}

std::optional<std::int64_t> scaled(const Decimal& decimal, int exponent) {
  std::int64_t mantissa = decimal.mantissa;
  for (int i = decimal.exponent; mantissa != 0 && i > exponent; --i) {
    if (mantissa > kMantissaMax / 10 || mantissa < -kMantissaMax / 10) return std::nullopt;
    mantissa *= 10;
  }
  return mantissa;
}

std::optional<DecimalRange> make_range(const Decimal& start, const Decimal& stop,
                                       const Decimal& step, const Path& path,
                                       const Report& report) {
  const int exponent = std::min({start.exponent, stop.exponent, step.exponent});
  const auto from = scaled(start, exponent);
  const auto to = scaled(stop, exponent);
  const auto by = scaled(step, exponent);
  if (!from || !to || !by) {
    report.add(path, "start, stop and step together have too many digits to be counted exactly");
    return std::nullopt;
  }
  if (*by == 0) {
    report.add(path.field("step"), "must not be 0");
    return std::nullopt;
  }
  const std::int64_t way = *to - *from;
  if ((way > 0 && *by < 0) || (way < 0 && *by > 0)) {
    report.add(path, "steps away from its stop and never reaches it");
    return std::nullopt;
  }
  return DecimalRange{*from, *by, exponent, static_cast<std::uint64_t>(way / *by) + 1};
}

std::optional<Decimal> read_decimal(const JsonValue& value, const Path& path,
                                    const Report& report) {
  const auto* number = value.as<JsonNumber>();
  if (!number) {
    report.add(path, "must be a number, not " + std::string(kind_name(value)));
    return std::nullopt;
  }
  const auto decimal = parse_decimal(*number);
  if (!decimal) report.add(path, number->text + " has too many digits to be counted exactly");
  return decimal;
}

std::optional<DecimalRange> read_range(const JsonValue& value, const Path& path,
                                       const Report& report) {
  static constexpr std::string_view kSupported[] = {"start", "stop", "step"};
  if (!read_object(value, path, {kSupported, {}, {}}, report)) return std::nullopt;
  const JsonValue* start = require_field(value, "start", path, report);
  const JsonValue* stop = require_field(value, "stop", path, report);
  const JsonValue* step = value.find("step");
  const auto from = start ? read_decimal(*start, path.field("start"), report) : std::nullopt;
  const auto to = stop ? read_decimal(*stop, path.field("stop"), report) : std::nullopt;
  const auto by = step ? read_decimal(*step, path.field("step"), report) : Decimal{1, 0};
  if (!from || !to || !by) return std::nullopt;
  return make_range(*from, *to, *by, path, report);
}

std::optional<std::vector<std::string>> read_list(const JsonArray& array, const Path& path,
                                                  const Report& report) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < array.size(); ++i) {
    const auto* truth = array[i].as<bool>();
    auto text = truth ? std::optional<std::string>(*truth ? "true" : "false")
                      : read_text(array[i], path.item(i), report);
    if (text) list.push_back(std::move(*text));
  }
  if (array.empty()) report.add(path, "is empty: the product would have no points");
  if (list.empty() || list.size() != array.size()) return std::nullopt;
  std::vector<std::string> sorted = list;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return list;
  report.add(path, "the value '" + *twice + "' stands twice");
  return std::nullopt;
}

}  // namespace

std::shared_ptr<const Grid> read_grid(const JsonValue& value, const Path& path,
                                      const Report& report) {
  const auto* object = value.as<JsonObject>();
  if (!object || object->empty()) {
    report.add(path, "must be an object of lists and {start, stop, step}, with one at least");
    return nullptr;
  }
  std::vector<GridDimension> dimensions;
  std::uint64_t points = 1;
  for (const auto& [name, field] : *object) {
    const Path place = path.field(name);
    const auto fault = column_name_fault(name);
    if (fault) report.add(place, "the name " + *fault);
    GridDimension dimension{name, {}, {}};
    if (const auto* array = field.as<JsonArray>()) {
      auto list = read_list(*array, place, report);
      if (list) dimension.list = std::move(*list);
    } else if (field.as<JsonObject>()) {
      dimension.range = read_range(field, place, report);
    } else {
      report.add(place, "must be a list of values or {start, stop, step}, not " +
                            std::string(kind_name(field)));
    }
    points = dimension.count() > model::kChildrenMax ? UINT32_MAX : points * dimension.count();
    points = std::min<std::uint64_t>(points, UINT32_MAX);
    if (!fault && dimension.count() > 0) dimensions.push_back(std::move(dimension));
  }
  if (dimensions.size() != object->size()) return nullptr;
  if (points > model::kChildrenMax) {
    report.add(path, "has more than " + std::to_string(model::kChildrenMax) + " points");
    return nullptr;
  }
  return std::make_shared<Grid>(std::move(dimensions));
}

}  // namespace mpibatch::plan
