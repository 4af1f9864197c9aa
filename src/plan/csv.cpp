#include "plan/csv.hpp"

#include <algorithm>

namespace mpibatch::plan {

namespace {

std::size_t find_or_end(std::string_view text, char what, std::size_t from) {
  return std::min(text.find(what, from), text.size());
}

// The end of a line's content, its CR left out.
std::size_t content_end(std::string_view text, std::size_t begin, std::size_t line_end) {
  return line_end > begin && text[line_end - 1] == '\r' ? line_end - 1 : line_end;
}

// A line without quotes: most of them.
std::size_t split_plain(std::string_view line, char separator, std::vector<std::string>* values) {
  std::size_t fields = 0;
  std::size_t at = 0;
  while (true) {
    const std::size_t comma = line.find(separator, at);
    ++fields;
    if (values) values->emplace_back(line.substr(at, comma - at));
    if (comma == std::string_view::npos) return fields;
    at = comma + 1;
  }
}

// Behind the quoted field that begins at `begin`; npos: its quote is never closed.
std::size_t read_quoted(std::string_view text, std::size_t begin, std::string& value) {
  std::size_t at = begin + 1;
  while (true) {
    const std::size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) return quote;
    value.append(text.substr(at, quote - at));
    if (quote + 1 == text.size() || text[quote + 1] != '"') return quote + 1;
    value += '"';
    at = quote + 2;
  }
}

}  // namespace

CsvRecord read_csv_record(std::string_view text, std::size_t begin,
                          std::vector<std::string>* values, char separator) {
  const std::size_t first_line_end = find_or_end(text, '\n', begin);
  const std::string_view first_line =
      text.substr(begin, content_end(text, begin, first_line_end) - begin);
  CsvRecord record;
  record.end = std::min(first_line_end + 1, text.size());
  if (first_line.find('"') == std::string_view::npos) {
    record.fields = split_plain(first_line, separator, values);
    return record;
  }
  std::size_t at = begin;
  while (true) {
    std::string value;
    const std::size_t line_end = find_or_end(text, '\n', at);
    std::size_t end = 0;
    if (at < text.size() && text[at] == '"') {
      end = read_quoted(text, at, value);
      if (end == std::string_view::npos) {
        record.fault = "a quote is opened and never closed";
        return record;
      }
    } else {
      end = std::min(find_or_end(text, separator, at), content_end(text, at, line_end));
      value = text.substr(at, end - at);
    }
    ++record.fields;
    if (values) values->push_back(std::move(value));
    if (end < text.size() && text[end] == separator) {
      at = end + 1;
      continue;
    }
    if (end < text.size() && text[end] == '\r') ++end;
    if (end < text.size() && text[end] != '\n') {
      record.fault = "something follows a closing quote; a quote within quotes is written \"\"";
      return record;
    }
    record.end = std::min(end + 1, text.size());
    return record;
  }
}

std::size_t skip_empty_lines(std::string_view text, std::size_t begin) {
  while (begin < text.size()) {
    if (text[begin] == '\n')
      ++begin;
    else if (text[begin] == '\r' && begin + 1 < text.size() && text[begin + 1] == '\n')
      begin += 2;
    else
      break;
  }
  return begin;
}

std::size_t LineCounter::line(std::size_t offset) {
  const auto from = text_.begin() + static_cast<std::ptrdiff_t>(std::min(counted_, offset));
  const auto to = text_.begin() + static_cast<std::ptrdiff_t>(offset);
  line_ += static_cast<std::size_t>(std::count(from, to, '\n'));
  counted_ = std::max(counted_, offset);
  return line_;
}

}  // namespace mpibatch::plan
