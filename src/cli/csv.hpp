// CSV as RFC 4180 has it: fields quoted where they must be, lines ended by CR LF.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mpibatch::cli {

// Adds a line to a text, field after field.
class CsvLine {
 public:
  explicit CsvLine(std::string& to) : to_(to) {}
  CsvLine& text(std::string_view field);
  CsvLine& number(std::int64_t value);
  CsvLine& number(std::uint64_t value);
  CsvLine& real(double value, int decimals);
  CsvLine& real(std::optional<double> value, int decimals);  // none: an empty field
  CsvLine& empty(int fields = 1);
  void end() { to_ += "\r\n"; }

 private:
  void separate();
  std::string& to_;
  bool first_ = true;
};

}  // namespace mpibatch::cli
