#include "plan/children.hpp"

#include <charconv>

namespace mpibatch::plan {

namespace {

std::optional<model::ChildIndex> parse_index(const std::string& text, model::ChildIndex size) {
  model::ChildIndex index = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, index);
  if (error != std::errc{} || last != end || index >= size) return std::nullopt;
  return index;
}

}  // namespace

void ChildFinder::want(std::size_t job, const std::string& key_or_index) {
  wanted_[job].try_emplace(key_or_index);
}

void ChildFinder::search() {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    auto& wanted = wanted_[i];
    if (wanted.empty()) continue;
    const model::PlannedJob& job = plan_.jobs[i];
    const model::KeyWriter keys(job);
    const bool keyed = job.parameters != nullptr;
    for (model::ChildIndex child = 0; keyed && child < job.spec.size; ++child) {
      const auto found = wanted.find(keys.key(child));
      if (found != wanted.end() && !found->second) found->second = child;
    }
    for (auto& [text, child] : wanted)
      if (!child) child = parse_index(text, job.spec.size);
  }
}

std::optional<model::ChildIndex> ChildFinder::child(std::size_t job,
                                                    const std::string& key_or_index) const {
  const auto found = wanted_[job].find(key_or_index);
  return found == wanted_[job].end() ? std::nullopt : found->second;
}

}  // namespace mpibatch::plan
