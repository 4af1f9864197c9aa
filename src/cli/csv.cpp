#include "cli/csv.hpp"

#include <fmt/format.h>

#include <iterator>

namespace mpibatch::cli {

void CsvLine::separate() {
  if (!first_) to_ += ',';
  first_ = false;
}

CsvLine& CsvLine::text(std::string_view field) {
  separate();
  if (field.find_first_of("\",\r\n") == std::string_view::npos) {
    to_ += field;
    return *this;
  }
  to_ += '"';
  for (const char c : field) {
    if (c == '"') to_ += '"';
    to_ += c;
  }
  to_ += '"';
  return *this;
}

CsvLine& CsvLine::number(std::int64_t value) {
  separate();
  fmt::format_to(std::back_inserter(to_), "{}", value);
  return *this;
}

CsvLine& CsvLine::number(std::uint64_t value) {
  separate();
  fmt::format_to(std::back_inserter(to_), "{}", value);
  return *this;
}

CsvLine& CsvLine::real(double value, int decimals) {
  separate();
  fmt::format_to(std::back_inserter(to_), "{:.{}f}", value, decimals);
  return *this;
}

CsvLine& CsvLine::real(std::optional<double> value, int decimals) {
  return value ? real(*value, decimals) : empty();
}

CsvLine& CsvLine::empty(int fields) {
  for (int i = 0; i < fields; ++i) separate();
  return *this;
}

}  // namespace mpibatch::cli
