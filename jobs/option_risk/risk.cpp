#include "option_risk/risk.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

namespace option_risk {
namespace {

// Marsaglia's polar method: std::normal_distribution differs between standard libraries, and
// results are compared with recorded ones.
class Normal {
 public:
  explicit Normal(std::uint64_t seed) : engine_(seed) {}
  double operator()() {
    if (spare_left_) {
      spare_left_ = false;
      return spare_;
    }
    double u = 0;
    double v = 0;
    double square = 0;
    do {
      u = uniform();
      v = uniform();
      square = u * u + v * v;
    } while (square >= 1 || square == 0);
    const double factor = std::sqrt(-2 * std::log(square) / square);
    spare_ = v * factor;
    spare_left_ = true;
    return u * factor;
  }

 private:
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-52 - 1; }  // [-1, 1)

  std::mt19937_64 engine_;
  double spare_ = 0;
  bool spare_left_ = false;
};

// The share's price at maturity, or the mean of its fixings until then.
double price_that_counts(const Option& option, Normal& normal) {
  const unsigned steps = option.style == Style::Asian ? option.fixings : 1;
  const double step = option.maturity / steps;
  const double drift = (option.rate - option.volatility * option.volatility / 2) * step;
  const double deviation = option.volatility * std::sqrt(step);
  double price = option.spot;
  double sum = 0;
  for (unsigned i = 0; i < steps; ++i) {
    price *= std::exp(drift + deviation * normal());
    sum += price;
  }
  return sum / steps;
}

}  // namespace

Risk simulate(const Option& option, const Simulation& simulation) {
  check(option);
  if (simulation.paths < 2 || simulation.paths > kPathsMax)
    throw std::invalid_argument("paths must be 2 to " + std::to_string(kPathsMax));
  if (!(simulation.confidence > 0 && simulation.confidence < 1))
    throw std::invalid_argument("confidence must be between 0 and 1");

  const double discount = std::exp(-option.rate * option.maturity);
  Normal normal(simulation.seed);
  std::vector<double> paid(simulation.paths);
  for (double& value : paid) value = discount * payoff(option, price_that_counts(option, normal));

  const auto count = static_cast<double>(simulation.paths);
  Risk risk;
  risk.price = std::accumulate(paid.begin(), paid.end(), 0.0) / count;
  double squares = 0;
  for (const double value : paid) squares += (value - risk.price) * (value - risk.price);
  risk.standard_error = std::sqrt(squares / (count - 1) / count);

  const auto rank = static_cast<std::ptrdiff_t>(
      std::clamp(std::ceil(simulation.confidence * count), 1.0, count) - 1);
  std::sort(paid.begin(), paid.end());
  const auto tail = paid.begin() + rank;
  risk.value_at_risk = *tail - risk.price;
  risk.expected_shortfall =
      std::accumulate(tail, paid.end(), 0.0) / static_cast<double>(paid.end() - tail) - risk.price;
  return risk;
}

}  // namespace option_risk
