// Price and risk of an option by simulation.
#pragma once

#include <cstdint>

#include "option_risk/option.hpp"

namespace option_risk {

struct Simulation {
  std::uint64_t paths = 200'000;
  double confidence = 0.99;  // of value at risk and expected shortfall; between 0 and 1
  std::uint64_t seed = 0;
};

inline constexpr std::uint64_t kPathsMax = 100'000'000;  // 800 MB of losses

// In the option's currency, of today. The losses are those of its writer, who sells it at `price`
// and holds it unhedged to maturity.
struct Risk {
  double price = 0;
  double standard_error = 0;      // of the price
  double value_at_risk = 0;       // the loss that `confidence` of all paths do not exceed
  double expected_shortfall = 0;  // mean of the losses from there on
};

// The same numbers for the same arguments. std::invalid_argument where they make no sense.
Risk simulate(const Option& option, const Simulation& simulation);

}  // namespace option_risk
