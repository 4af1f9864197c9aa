// option_risk price OUT.csv: one option, its numbers taken from the child's parameters.
// option_risk reduce FOLDER OUT.csv: all results of a folder in one table.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <mpibatch/job.hpp>

#include "option_risk/table.hpp"

namespace {

using option_risk::Option;
using option_risk::Row;

constexpr int kBadUsage = 2;

void price(const std::string& out) {
  const mpibatch::Job job;
  Row row;
  Option& option = row.option;
  row.name = job.get_or<std::string>("name", "");
  option.style = option_risk::style_of(job.get_or<std::string>("style", "european"));
  option.kind = option_risk::kind_of(job.get_or<std::string>("kind", "call"));
  option.spot = job.get_or("spot", option.spot);
  option.strike = job.get_or("strike", option.strike);
  option.rate = job.get_or("rate", option.rate);
  option.volatility = job.get_or("volatility", option.volatility);
  option.maturity = job.get_or("maturity", option.maturity);
  option.fixings = job.get_or("fixings", option.fixings);
  row.simulation.paths = job.get_or("paths", row.simulation.paths);
  row.simulation.confidence = job.get_or("confidence", row.simulation.confidence);
  row.simulation.seed = option_risk::seed_of(option);
  row.risk = option_risk::simulate(option, row.simulation);

  const std::string table = option_risk::header() + option_risk::to_csv(row);
  option_risk::write_whole(out, table);
  std::fputs(table.c_str(), stdout);
}

void reduce(const std::string& folder, const std::string& out) {
  const std::string table = option_risk::gather(folder);
  option_risk::write_whole(out, table);
  std::fputs(table.c_str(), stdout);
}

int usage() {
  std::fputs(
      "usage: option_risk price OUT.csv | option_risk reduce FOLDER OUT.csv\n"
      "price reads the environment variables name, style (european, asian), kind (call,\n"
      "put), spot, strike, rate, volatility, maturity (years), fixings, paths, confidence.\n",
      stderr);
  return kBadUsage;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() == 2 && words[0] == "price") {
      price(words[1]);
    } else if (words.size() == 3 && words[0] == "reduce") {
      reduce(words[1], words[2]);
    } else {
      return usage();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "option_risk: %s\n", error.what());
    return 1;
  }
  return 0;
}
