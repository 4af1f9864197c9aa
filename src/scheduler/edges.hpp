// Who waits for whom: four bytes an edge, both ways, since a plan may have hundreds of millions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <mpibatch/model/job.hpp>

namespace mpibatch::scheduler {

class Edges {
 public:
  // Of `to`'s point of view: `job` is the other end.
  struct Edge {
    model::JobId job{};
    model::DependencyType type = model::DependencyType::All;
    model::ChildIndex child = model::kAllChildren;
    std::uint32_t match = 0;  // of MATCH: index into State::matches
  };

  // Builds both directions from the lists of all jobs, by number.
  class Builder {
   public:
    // Vectors that grow by themselves keep up to as much again to spare.
    void reserve(std::size_t jobs, std::size_t edges) {
      begins_.reserve(jobs + 1);
      edges_.reserve(edges);
    }
    void next_job() { begins_.push_back(static_cast<std::uint32_t>(edges_.size())); }
    void add(const Edge& edge);
    Edges build() &&;

   private:
    friend class Edges;
    std::vector<std::uint32_t> begins_;
    std::vector<std::uint32_t> edges_;
    std::vector<Edge> special_;
  };

  // Calls function(Edge) for each that `job` waits for, in the plan's order.
  template <class Function>
  void awaited_by(model::JobId job, Function function) const {
    each(awaits_begin_, awaits_, model::number_of(job), function);
  }
  // Calls function(Edge) for each that waits for `job`; Edge::job is who waits.
  template <class Function>
  void waiting_for(model::JobId job, Function function) const {
    each(waiting_begin_, waiting_, model::number_of(job), function);
  }
  std::size_t waiting_count(model::JobId job) const {
    return waiting_begin_[model::number_of(job) + 1] - waiting_begin_[model::number_of(job)];
  }
  std::size_t awaits_count(model::JobId job) const {
    return awaits_begin_[model::number_of(job) + 1] - awaits_begin_[model::number_of(job)];
  }

 private:
  static constexpr std::uint32_t kSpecial = 1U << 31U;

  template <class Function>
  void each(const std::vector<std::uint32_t>& begins, const std::vector<std::uint32_t>& edges,
            std::uint32_t job, Function& function) const {
    for (std::uint32_t i = begins[job]; i < begins[job + 1]; ++i) {
      const std::uint32_t bits = edges[i];
      if ((bits & kSpecial) == 0) {
        function(Edge{model::JobId{bits}});
      } else {
        const Special& special = special_[bits & ~kSpecial];
        Edge edge = special.edge;
        if (&edges == &waiting_) edge.job = special.waiting;
        function(edge);
      }
    }
  }

  struct Special {
    Edge edge;
    model::JobId waiting{};
  };
  std::vector<std::uint32_t> awaits_begin_{0};
  std::vector<std::uint32_t> awaits_;
  std::vector<std::uint32_t> waiting_begin_{0};
  std::vector<std::uint32_t> waiting_;
  std::vector<Special> special_;
};

}  // namespace mpibatch::scheduler
