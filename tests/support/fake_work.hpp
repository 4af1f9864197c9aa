// The content of work, from a plan that a test built.
#pragma once

#include <utility>

#include <mpibatch/server/coordinator.hpp>

#include "support/job_builder.hpp"

namespace mpibatch::testing {

class FakeWork final : public server::WorkSource {
 public:
  explicit FakeWork(Adopted adopted = {}) : adopted_(std::move(adopted)) {}
  const model::PlannedJob& job(model::JobId id) const override { return adopted_.jobs.at(id); }
  const Adopted& adopted() const { return adopted_; }

 private:
  Adopted adopted_;
};

}  // namespace mpibatch::testing
