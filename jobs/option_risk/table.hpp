// What children leave and the reduce job gathers: CSV files of a header and one row.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "option_risk/risk.hpp"

namespace option_risk {

struct Row {
  std::string name;  // of a sheet's row; may be empty
  Option option;
  Simulation simulation;
  Risk risk;
};

std::string header();
// Results rounded to six digits behind the point. std::invalid_argument where the name would need
// quoting.
std::string to_csv(const Row& row);

// Either the whole content or none, whenever the process is killed: a new file is renamed over the
// old one. Makes missing folders. std::runtime_error.
void write_whole(const std::filesystem::path& file, const std::string& content);

// The header and the rows of every .csv file in the folder, in the order of the files' names.
// std::runtime_error where there is none, or one is not what a child writes.
std::string gather(const std::filesystem::path& folder);

}  // namespace option_risk
