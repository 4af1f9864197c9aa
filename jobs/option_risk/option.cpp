#include "option_risk/option.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace option_risk {
namespace {

double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

}  // namespace

Style style_of(const std::string& word) {
  if (word == "european") return Style::European;
  if (word == "asian") return Style::Asian;
  throw std::invalid_argument("style '" + word + "' is unknown; known: european, asian");
}

Kind kind_of(const std::string& word) {
  if (word == "call") return Kind::Call;
  if (word == "put") return Kind::Put;
  throw std::invalid_argument("kind '" + word + "' is unknown; known: call, put");
}

const char* to_string(Style style) { return style == Style::European ? "european" : "asian"; }
const char* to_string(Kind kind) { return kind == Kind::Call ? "call" : "put"; }

void check(const Option& option) {
  require(std::isfinite(option.spot) && option.spot > 0, "spot must be above 0");
  require(std::isfinite(option.strike) && option.strike > 0, "strike must be above 0");
  require(std::isfinite(option.rate), "rate must be finite");
  require(std::isfinite(option.volatility) && option.volatility > 0, "volatility must be above 0");
  require(std::isfinite(option.maturity) && option.maturity > 0, "maturity must be above 0");
  require(option.fixings >= 1 && option.fixings <= 100'000, "fixings must be 1 to 100000");
}

double payoff(const Option& option, double price) {
  const double gain = option.kind == Kind::Call ? price - option.strike : option.strike - price;
  return std::max(gain, 0.0);
}

double black_scholes(const Option& option) {
  const double deviation = option.volatility * std::sqrt(option.maturity);
  const double d1 = (std::log(option.spot / option.strike) +
                     (option.rate + option.volatility * option.volatility / 2) * option.maturity) /
                    deviation;
  const double d2 = d1 - deviation;
  const double strike_today = option.strike * std::exp(-option.rate * option.maturity);
  const double call =
      option.spot * normal_distribution(d1) - strike_today * normal_distribution(d2);
  return option.kind == Kind::Call ? call : call - option.spot + strike_today;
}

std::uint64_t seed_of(const Option& option) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), "%s %s %.12g %.12g %.12g %.12g %.12g %u",
                to_string(option.style), to_string(option.kind), option.spot, option.strike,
                option.rate, option.volatility, option.maturity, option.fixings);
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char* c = text.data(); *c != '\0'; ++c)
    hash = (hash ^ static_cast<unsigned char>(*c)) * 0x100000001b3;
  return hash;
}

}  // namespace option_risk
