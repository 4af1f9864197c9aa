#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "option_risk/option.hpp"
#include "option_risk/risk.hpp"
#include "option_risk/table.hpp"

namespace option_risk {
namespace {

namespace fs = std::filesystem;

Simulation simulation_of(const Option& option, std::uint64_t paths = 100'000) {
  return {.paths = paths, .confidence = 0.99, .seed = seed_of(option)};
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("option_risk_test." + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(OptionRisk, KnowsTheTextbookPrice) {
  // Hull, Options, Futures, and Other Derivatives, 15.6: S=42, K=40, r=10 %, sigma=20 %, half a
  // year.
  const Option call{.spot = 42, .strike = 40, .rate = 0.1, .volatility = 0.2, .maturity = 0.5};
  Option put = call;
  put.kind = Kind::Put;
  EXPECT_NEAR(black_scholes(call), 4.76, 0.005);
  EXPECT_NEAR(black_scholes(put), 0.81, 0.005);
}

TEST(OptionRisk, AgreesWithBlackScholes) {
  for (const Kind kind : {Kind::Call, Kind::Put}) {
    for (const double volatility : {0.1, 0.4}) {
      const Option option{.kind = kind, .strike = 105, .volatility = volatility};
      const Risk risk = simulate(option, simulation_of(option));
      EXPECT_NEAR(risk.price, black_scholes(option), 4 * risk.standard_error);
      EXPECT_LT(risk.standard_error, 0.02 * black_scholes(option));
    }
  }
}

TEST(OptionRisk, AMeanMovesLessThanTheShare) {
  const Option european;
  Option asian = european;
  asian.style = Style::Asian;
  const Risk of_share = simulate(european, simulation_of(european));
  const Risk of_mean = simulate(asian, simulation_of(asian));
  EXPECT_LT(of_mean.price, of_share.price);
  EXPECT_LT(of_mean.value_at_risk, of_share.value_at_risk);

  asian.fixings = 1;
  const Risk of_one_fixing = simulate(asian, simulation_of(asian));
  EXPECT_NEAR(of_one_fixing.price, black_scholes(european), 4 * of_one_fixing.standard_error);
}

TEST(OptionRisk, FindsTheTailOfTheLosses) {
  const Option option;
  const Simulation simulation = simulation_of(option);
  const Risk risk = simulate(option, simulation);
  // The 99th percentile of the share's price at maturity is known.
  const double price = option.spot * std::exp((option.rate - 0.5 * 0.2 * 0.2) + 0.2 * 2.3263479);
  const double loss = std::exp(-option.rate) * (price - option.strike) - black_scholes(option);
  EXPECT_NEAR(risk.value_at_risk, loss, 0.02 * loss);
  EXPECT_GT(risk.expected_shortfall, risk.value_at_risk);
}

TEST(OptionRisk, RepeatsItselfForTheSameOptionOnly) {
  const Option option;
  Option other = option;
  other.volatility = 0.21;
  EXPECT_NE(seed_of(option), seed_of(other));
  EXPECT_EQ(simulate(option, simulation_of(option, 1000)).price,
            simulate(option, simulation_of(option, 1000)).price);
}

TEST(OptionRisk, RefusesNumbersThatMakeNoSense) {
  EXPECT_THROW(simulate(Option{.volatility = 0}, {}), std::invalid_argument);
  EXPECT_THROW(simulate(Option{.maturity = std::nan("")}, {}), std::invalid_argument);
  EXPECT_THROW(simulate(Option{.fixings = 0}, {}), std::invalid_argument);
  EXPECT_THROW(simulate(Option{}, {.paths = 1}), std::invalid_argument);
  EXPECT_THROW(simulate(Option{}, {.paths = 10, .confidence = 1}), std::invalid_argument);
  EXPECT_THROW(style_of("bermudan"), std::invalid_argument);
  EXPECT_THROW(to_csv(Row{.name = "a,b", .option = {}, .simulation = {}, .risk = {}}),
               std::invalid_argument);
}

TEST(OptionRisk, GathersRowsInTheOrderOfTheirFiles) {
  const Folder folder;
  for (const char* name : {"b", "a"}) {
    const Row row{.name = name, .option = {}, .simulation = {}, .risk = {.price = 1}};
    write_whole(folder.path() / (std::string(name) + ".csv"), header() + to_csv(row));
  }
  std::ofstream(folder.path() / "c.csv.tmp1") << "half a fi";  // what a killed child leaves
  const std::string table = gather(folder.path());
  EXPECT_EQ(table.find(header()), 0U);
  EXPECT_LT(table.find("\na,"), table.find("\nb,"));

  std::ofstream(folder.path() / "d.csv") << header();
  EXPECT_THROW(gather(folder.path()), std::runtime_error);
}

}  // namespace
}  // namespace option_risk
