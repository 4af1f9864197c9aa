#include "scheduler/edges.hpp"

#include <mpibatch/base/check.hpp>

namespace mpibatch::scheduler {

void Edges::Builder::add(const Edge& edge) {
  if (edge.type == model::DependencyType::All && edge.child == model::kAllChildren) {
    MPIBATCH_CHECK(model::number_of(edge.job) < kSpecial);
    edges_.push_back(model::number_of(edge.job));
    return;
  }
  edges_.push_back(kSpecial | static_cast<std::uint32_t>(special_.size()));
  special_.push_back(edge);
}

Edges Edges::Builder::build() && {
  Edges built;
  const auto jobs = static_cast<std::uint32_t>(begins_.size());
  begins_.push_back(static_cast<std::uint32_t>(edges_.size()));
  for (const Edge& edge : special_) built.special_.push_back({edge, {}});
  const auto awaited = [&](std::uint32_t bits) {
    return (bits & kSpecial) == 0 ? bits : model::number_of(special_[bits & ~kSpecial].job);
  };
  std::vector<std::uint32_t>& counts = built.waiting_begin_;
  counts.assign(jobs + std::size_t{1}, 0);
  for (const std::uint32_t bits : edges_) ++counts[awaited(bits) + 1];
  for (std::uint32_t job = 0; job < jobs; ++job) counts[job + 1] += counts[job];
  std::vector<std::uint32_t> next(counts.begin(), counts.end() - 1);
  built.waiting_.resize(edges_.size());
  for (std::uint32_t job = 0; job < jobs; ++job)
    for (std::uint32_t i = begins_[job]; i < begins_[job + 1]; ++i) {
      const std::uint32_t bits = edges_[i];
      const bool special = (bits & kSpecial) != 0;
      built.waiting_[next[awaited(bits)]++] = special ? bits : job;
      if (special) built.special_[bits & ~kSpecial].waiting = model::JobId{job};
    }
  built.awaits_begin_ = std::move(begins_);
  built.awaits_ = std::move(edges_);
  return built;
}

}  // namespace mpibatch::scheduler
