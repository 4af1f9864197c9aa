#include "plan/sheet.hpp"

#include <algorithm>
#include <unordered_map>

#include "plan/csv.hpp"
#include "plan/hash.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

std::string line_text(std::size_t line) { return "line " + std::to_string(line); }

bool check_sheet_bytes(std::string_view text, const Report& report) {
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    report.add(line_text(LineCounter(text).line(nul)), "holds a NUL byte: this is no CSV text");
    return false;
  }
  if (const auto fault = utf8_fault(text)) {
    report.add(line_text(LineCounter(text).line(*fault)),
               "is not UTF-8: save the sheet with that encoding");
    return false;
  }
  return true;
}

}  // namespace

char separator_of(const std::string& file) {
  for (const std::string_view ending : {".tsv", ".tab"}) {
    const bool same = file.size() > ending.size() &&
                      std::equal(ending.rbegin(), ending.rend(), file.rbegin(), [](char a, char b) {
                        return a == (b >= 'A' && b <= 'Z' ? b + 32 : b);
                      });
    if (same) return '\t';
  }
  return ',';
}

std::shared_ptr<const Sheet> Sheet::read(std::shared_ptr<const std::string> content, char separator,
                                         const Report& report) {
  const std::string_view text = *content;
  if (!check_sheet_bytes(text, report)) return nullptr;
  const std::size_t mark = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  const std::size_t header = skip_empty_lines(text, mark);
  if (header == text.size()) {
    report.add("", "is empty: its first line must hold the names of the parameters");
    return nullptr;
  }
  std::shared_ptr<Sheet> sheet(new Sheet);
  sheet->content_ = std::move(content);
  sheet->separator_ = separator;
  const bool names_good = sheet->read_names(header, report);
  if (sheet->names_.empty()) return nullptr;
  const std::size_t rows = read_csv_record(text, header, nullptr, separator).end;
  const bool rows_good = sheet->read_rows(rows, report);
  if (!names_good || !rows_good) return nullptr;
  sheet->digest_ =
      std::max<std::uint64_t>(stable_hash(text.substr(mark), separator == ',' ? 0 : 1), 1);
  return sheet;
}

bool Sheet::read_names(std::size_t begin, const Report& report) {
  const std::string_view text = *content_;
  const std::string where = line_text(LineCounter(text).line(begin));
  const CsvRecord record = read_csv_record(text, begin, &names_, separator_);
  if (record.fault) {
    report.add(where, record.fault);
    names_.clear();
    return false;
  }
  if (names_.size() == 1 && names_[0].find('\t') != std::string::npos) {
    report.add(where, "the values are separated by tabs: call the file .tsv");
    names_.clear();
    return false;
  }
  bool good = true;
  std::unordered_map<std::string_view, std::size_t> columns;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto fault = column_name_fault(names_[i]);
    if (fault) report.add(where, "column " + std::to_string(i + 1) + ": the name " + *fault);
    const auto [column, first] = columns.try_emplace(names_[i], i);
    if (!fault && !first)
      report.add(where, "columns " + std::to_string(column->second + 1) + " and " +
                            std::to_string(i + 1) + " have the same name '" + names_[i] + "'");
    good = good && !fault && first;
  }
  return good;
}

bool Sheet::read_rows(std::size_t begin, const Report& report) {
  const std::string_view text = *content_;
  LineCounter lines(text);
  bool good = true;
  for (std::size_t at = skip_empty_lines(text, begin); at < text.size();
       at = skip_empty_lines(text, at)) {
    const CsvRecord record = read_csv_record(text, at, nullptr, separator_);
    if (record.fault) {
      report.add(line_text(lines.line(at)), record.fault);
      good = false;
    } else if (record.fields != names_.size()) {
      report.add(line_text(lines.line(at)), "has " + std::to_string(record.fields) +
                                                (record.fields == 1 ? " value" : " values") +
                                                ", the header " + std::to_string(names_.size()));
      good = false;
    } else if (offsets_.size() == model::kChildrenMax) {
      report.add(line_text(lines.line(at)),
                 "an array has at most " + std::to_string(model::kChildrenMax) + " children");
      return false;
    }
    offsets_.push_back(at);
    at = record.end;
  }
  if (offsets_.empty()) report.add("", "has no rows below its header");
  offsets_.shrink_to_fit();
  return good && !offsets_.empty();
}

std::vector<std::string> Sheet::values(model::ChildIndex row) const {
  std::vector<std::string> values;
  values.reserve(names_.size());
  read_csv_record(*content_, offsets_[row], &values, separator_);
  return values;
}

std::size_t Sheet::line(model::ChildIndex row) const {
  return LineCounter(*content_).line(offsets_[row]);
}

}  // namespace mpibatch::plan
