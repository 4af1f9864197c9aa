#include "option_risk/table.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace option_risk {
namespace fs = std::filesystem;

std::string header() {
  return "name,style,kind,spot,strike,rate,volatility,maturity,paths,confidence,price,"
         "standard_error,value_at_risk,expected_shortfall\n";
}

std::string to_csv(const Row& row) {
  if (row.name.find_first_of(",\"\n\r") != std::string::npos)
    throw std::invalid_argument("name '" + row.name + "' must not hold commas, quotes or newlines");
  std::array<char, 512> rest{};
  std::snprintf(rest.data(), rest.size(), ",%s,%s,%g,%g,%g,%g,%g,%llu,%g,%.6f,%.6f,%.6f,%.6f\n",
                to_string(row.option.style), to_string(row.option.kind), row.option.spot,
                row.option.strike, row.option.rate, row.option.volatility, row.option.maturity,
                static_cast<unsigned long long>(row.simulation.paths), row.simulation.confidence,
                row.risk.price, row.risk.standard_error, row.risk.value_at_risk,
                row.risk.expected_shortfall);
  return row.name + rest.data();
}

void write_whole(const fs::path& file, const std::string& content) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  const fs::path unfinished = file.string() + ".tmp" + std::to_string(getpid());
  std::ofstream out(unfinished, std::ios::binary);
  out << content;
  out.close();
  if (!out) throw std::runtime_error("cannot write '" + unfinished.string() + "'");
  fs::rename(unfinished, file);
}

std::string gather(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  if (files.empty()) throw std::runtime_error("no .csv file in '" + folder.string() + "'");
  std::sort(files.begin(), files.end());

  std::string rows = header();
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::string first;
    std::string row;
    std::string more;
    if (!std::getline(in, first) || first + '\n' != header() || !std::getline(in, row) ||
        std::getline(in, more))
      throw std::runtime_error("'" + file.string() + "' is not a header and one row of results");
    rows += row + '\n';
  }
  return rows;
}

}  // namespace option_risk
