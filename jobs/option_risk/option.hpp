// An option on one share, and its price where a formula gives one.
#pragma once

#include <cstdint>
#include <string>

namespace option_risk {

enum class Style { European, Asian };  // Asian: on the arithmetic mean of the fixings
enum class Kind { Call, Put };

// The share follows a geometric Brownian motion under the risk-neutral measure.
struct Option {
  Style style = Style::European;
  Kind kind = Kind::Call;
  double spot = 100;        // price of the share today
  double strike = 100;      // in the same currency
  double rate = 0.02;       // a year, compounded continuously
  double volatility = 0.2;  // a year
  double maturity = 1;      // years
  unsigned fixings = 50;    // of the Asian mean, evenly spaced, the last one at maturity
  bool operator==(const Option&) const = default;
};

// std::invalid_argument for any other word.
Style style_of(const std::string& word);
Kind kind_of(const std::string& word);
const char* to_string(Style style);
const char* to_string(Kind kind);

// std::invalid_argument, naming the field, where a number makes no sense.
void check(const Option& option);

// What is paid at maturity: `price` is the share's last price, or the mean of its fixings.
double payoff(const Option& option, double price);

// Black and Scholes, 1973. For European options only.
double black_scholes(const Option& option);

// The same number for the same option on every machine: what makes a child's result repeatable.
std::uint64_t seed_of(const Option& option);

}  // namespace option_risk
