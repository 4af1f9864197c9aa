// retryStrategy.
#pragma once

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

model::RetryStrategy read_retry_strategy(const JsonValue& value, const Path& path,
                                         const Report& report);

}  // namespace mpibatch::plan
