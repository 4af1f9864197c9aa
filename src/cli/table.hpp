// Columns that line up, for terminals and for awk: two blanks between them, numbers to the right.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mpibatch::cli {

enum class Align { Left, Right };

struct Column {
  std::string title;
  Align align = Align::Left;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns; an empty one shows as `-`, so that columns can be counted.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  std::string text() const;  // the titles, then a line a row

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace mpibatch::cli
