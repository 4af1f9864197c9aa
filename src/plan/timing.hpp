// When and for how long: expectedSeconds, notBeforeSeconds, timeout.
#pragma once

#include <optional>

#include <mpibatch/model/plan.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

// A number of seconds, or one distribution: {"lognormal": [mu, sigma]}, {"normal": [mean,
// deviation]}, {"uniform": [least, most]}, {"exponential": mean}.
std::optional<model::Expectation> read_expectation(const JsonValue& value, const Path& path,
                                                   const Report& report);

std::optional<Duration> read_not_before(const JsonValue& value, const Path& path,
                                        const Report& report);

std::optional<Duration> read_timeout(const JsonValue& value, const Path& path,
                                     const Report& report);

}  // namespace mpibatch::plan
