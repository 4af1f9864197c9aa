#include "plan/timing.hpp"

#include <cmath>

namespace mpibatch::plan {

namespace {

constexpr NumberBounds kSeconds{0, 1e9};  // 30 years
constexpr NumberBounds kLogarithms{-21, 21};
constexpr NumberBounds kSigmas{0, 10};

using Kind = model::Expectation::Kind;

struct Distribution {
  std::string_view name;
  Kind kind;
  NumberBounds first;
  NumberBounds second;
};
constexpr Distribution kDistributions[] = {{"lognormal", Kind::Lognormal, kLogarithms, kSigmas},
                                           {"normal", Kind::Normal, kSeconds, kSeconds},
                                           {"uniform", Kind::Uniform, kSeconds, kSeconds},
                                           {"exponential", Kind::Exponential, kSeconds, {}}};

// Two numbers, as all but the exponential distribution have.
bool read_pair(const JsonValue& value, const Path& path, const Distribution& distribution,
               model::Expectation& expected, const Report& report) {
  const auto* array = value.as<JsonArray>();
  if (!array || array->size() != 2) {
    report.add(path, "must be two numbers, [a, b]");
    return false;
  }
  const auto a = read_number((*array)[0], path.item(0), distribution.first, report);
  const auto b = read_number((*array)[1], path.item(1), distribution.second, report);
  if (!a || !b) return false;
  expected.a = *a;
  expected.b = *b;
  if (expected.kind != Kind::Uniform || *a <= *b) return true;
  report.add(path, "the least comes first: [least, most]");
  return false;
}

}  // namespace

std::optional<model::Expectation> read_expectation(const JsonValue& value, const Path& path,
                                                   const Report& report) {
  model::Expectation expected;
  const auto* object = value.as<JsonObject>();
  if (!object) {
    const auto seconds = read_number(value, path, kSeconds, report);
    if (!seconds) return std::nullopt;
    if (*seconds > 0) return model::Expectation{Kind::Fixed, *seconds, 0};
    report.add(path, "must be more than 0: leave it out where it is unknown");
    return std::nullopt;
  }
  static constexpr std::string_view kNames[] = {kDistributions[0].name, kDistributions[1].name,
                                                kDistributions[2].name, kDistributions[3].name};
  read_object(value, path, {kNames, {}, {}}, report);
  bool good = object->size() == 1;
  if (!good) report.add(path, "must be a number of seconds or one distribution");
  for (const Distribution& distribution : kDistributions) {
    const JsonValue* numbers = value.find(distribution.name);
    if (!numbers) continue;
    const Path place = path.field(distribution.name);
    expected.kind = distribution.kind;
    if (distribution.kind == Kind::Exponential) {
      const auto mean = read_number(*numbers, place, distribution.first, report);
      expected.a = mean.value_or(0);
      good = good && mean;
    } else {
      good = read_pair(*numbers, place, distribution, expected, report) && good;
    }
  }
  if (!good || expected.kind == Kind::Unknown) return std::nullopt;
  return expected;
}

std::optional<Duration> read_not_before(const JsonValue& value, const Path& path,
                                        const Report& report) {
  const auto seconds = read_number(value, path, kSeconds, report);
  if (!seconds) return std::nullopt;
  return Duration{std::llround(*seconds * 1e6)};
}

std::optional<Duration> read_timeout(const JsonValue& value, const Path& path,
                                     const Report& report) {
  static constexpr std::string_view kFields[] = {"attemptDurationSeconds"};
  if (!read_object(value, path, {kFields, {}, {}}, report)) return std::nullopt;
  const JsonValue* seconds = require_field(value, kFields[0], path, report);
  if (!seconds) return std::nullopt;
  const auto amount = read_integer(*seconds, path.field(kFields[0]), {1, INT32_MAX}, report);
  if (!amount) return std::nullopt;
  return std::chrono::seconds(*amount);
}

}  // namespace mpibatch::plan
