// Records of a CSV text, as RFC 4180 describes them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mpibatch::plan {

struct CsvRecord {
  std::size_t end = 0;  // where the next record begins
  std::size_t fields = 0;
  const char* fault = nullptr;  // what is wrong with its quotes; `end` is behind the line then
};

// The record that begins at `begin`, which is in the text. Appends its fields to `values` unless
// that is null.
CsvRecord read_csv_record(std::string_view text, std::size_t begin,
                          std::vector<std::string>* values, char separator = ',');

// Where the next line that is not empty begins; the text's size if there is none.
std::size_t skip_empty_lines(std::string_view text, std::size_t begin);

// Counts lines up to offsets that are asked for in rising order, in one pass.
class LineCounter {
 public:
  explicit LineCounter(std::string_view text) : text_(text) {}
  std::size_t line(std::size_t offset);  // from 1

 private:
  std::string_view text_;
  std::size_t counted_ = 0;
  std::size_t line_ = 1;
};

}  // namespace mpibatch::plan
