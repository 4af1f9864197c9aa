// Children of older revisions as they are called today.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include <mpibatch/store/fold.hpp>

namespace mpibatch::store {

class Translation {
 public:
  explicit Translation(const std::vector<Adoption>& adoptions) {
    for (const Adoption& adoption : adoptions) {
      newest_ = adoption.revision;
      auto& jobs = steps_[adoption.revision];
      for (const auto& [job, moves] : adoption.jobs) {
        std::vector<model::Move>& sorted = jobs[job] = moves;
        std::sort(sorted.begin(), sorted.end());
      }
    }
  }

  // None: the child has left the plan, or starts as new; or the revision is not known yet.
  std::optional<model::ChildIndex> today(model::JobId job, model::Revision revision,
                                         model::ChildIndex child) const {
    if (revision == newest_) return child;
    if (revision > newest_) return std::nullopt;
    for (auto step = steps_.upper_bound(revision); step != steps_.end(); ++step) {
      const auto moves = step->second.find(job);
      if (moves == step->second.end()) return std::nullopt;
      const auto next = moved(moves->second, child);
      if (!next) return std::nullopt;
      child = *next;
    }
    return child;
  }

  // What today's child was in an older plan; none: it was not there, or is another one since.
  std::optional<model::ChildIndex> then(model::JobId job, model::Revision revision,
                                        model::ChildIndex child) const {
    if (revision > newest_) return std::nullopt;
    for (auto step = steps_.rbegin(); step != steps_.rend() && step->first > revision; ++step) {
      const auto moves = step->second.find(job);
      if (moves == step->second.end()) return std::nullopt;
      const auto move =
          std::find_if(moves->second.begin(), moves->second.end(), [child](const model::Move& one) {
            return child >= one.to && child - one.to < one.count;
          });
      if (move == moves->second.end()) return std::nullopt;
      child = move->from + (child - move->to);
    }
    return child;
  }

 private:
  static std::optional<model::ChildIndex> moved(const std::vector<model::Move>& moves,
                                                model::ChildIndex child) {
    auto move = std::upper_bound(
        moves.begin(), moves.end(), child,
        [](model::ChildIndex wanted, const model::Move& one) { return wanted < one.from; });
    if (move == moves.begin()) return std::nullopt;
    --move;
    if (child - move->from >= move->count) return std::nullopt;
    return move->to + (child - move->from);
  }

  model::Revision newest_{};
  std::map<model::Revision, std::map<model::JobId, std::vector<model::Move>>> steps_;
};

}  // namespace mpibatch::store
