// Whether a failed attempt is followed by another.
#pragma once

#include <mpibatch/model/attempt.hpp>
#include <mpibatch/model/fact.hpp>
#include <mpibatch/model/job.hpp>

namespace mpibatch::scheduler {

// AWS Batch: timed-out jobs are never retried; of evaluateOnExit the first entry that matches
// decides, and no match means retry. `attempts_failed` counts the attempts before this one.
model::Verdict judge(const model::RetryStrategy& strategy, const model::AttemptEnd& end,
                     unsigned attempts_failed);

// Exactly, or as a prefix with one trailing `*`.
bool matches(const std::string& pattern, const std::string& text);

}  // namespace mpibatch::scheduler
