#include "node/grant_book.hpp"

#include <algorithm>

#include <mpibatch/base/check.hpp>

namespace mpibatch::node {

namespace {

std::size_t position_of(const model::Ranges& ranges, model::ChildIndex child) {
  std::size_t before = 0;
  for (const model::Range& range : ranges) {
    if (child < range.end) return before + (child - range.begin);
    before += range.size();
  }
  return before;
}

}  // namespace

bool GrantBook::mark_seen(model::GrantId grant) {
  model::RangeSet& numbers = seen_[grant.epoch];
  if (numbers.contains(grant.number)) return false;
  numbers.insert(grant.number);
  return true;
}

void GrantBook::add(protocol::Grant grant, std::shared_ptr<const model::JobTemplate> job,
                    Duration boot) {
  const model::GrantId id = grant.id;
  Entry entry{std::move(grant), std::move(job), {}, {}, boot};
  for (const model::Range& range : entry.grant.children) entry.waiting.insert(range);
  const bool added = grants_.emplace(id, std::move(entry)).second;
  MPIBATCH_CHECK(added);
  order_.push_back(id);
}

const model::Resources* GrantBook::head() const {
  return order_.empty() ? nullptr : &grants_.at(order_.front()).grant.each;
}

Work GrantBook::take_head() {
  Entry& entry = grants_.at(order_.front());
  const model::ChildIndex child = entry.waiting.front();
  entry.waiting.erase(child);
  entry.started.insert(child);
  protocol::Grant& grant = entry.grant;
  const std::size_t at = position_of(grant.children, child);
  Work work{{grant.job, child, grant.id}, 1, entry.job, {}, grant.each, grant.environment};
  if (!grant.attempts.empty()) work.attempt = grant.attempts[at];
  if (!grant.values.empty()) work.values = std::move(grant.values[at]);
  if (entry.waiting.empty()) order_.pop_front();
  return work;
}

model::Ranges GrantBook::recall(model::GrantId grant, const model::Ranges& children) {
  if (mark_seen(grant)) return children;
  const auto found = grants_.find(grant);
  if (found == grants_.end()) return {};
  model::RangeSet& waiting = found->second.waiting;
  model::RangeSet given;
  for (const model::Range& asked : children)
    for (const model::Range& range : waiting.ranges()) {
      const model::Range common{std::max(asked.begin, range.begin), std::min(asked.end, range.end)};
      if (common.begin < common.end) given.insert(common);
    }
  for (const model::Range& range : given.ranges()) waiting.erase(range);
  if (waiting.empty()) std::erase(order_, grant);
  drop_if_done(grant);
  return given.ranges();
}

GrantBook::GivenBack GrantBook::give_back_until(Duration boot) {
  GivenBack given;
  while (oldest() <= boot && !order_.empty()) {
    const model::GrantId id = order_.front();
    order_.pop_front();
    model::RangeSet& waiting = grants_.at(id).waiting;
    given.emplace_back(id, waiting.ranges());
    waiting.clear();
    drop_if_done(id);
  }
  return given;
}

Duration GrantBook::oldest() const {
  return order_.empty() ? Duration::max() : grants_.at(order_.front()).came;
}

void GrantBook::forget(const model::ExecutionId& execution) {
  const auto found = grants_.find(execution.grant);
  if (found == grants_.end()) return;
  found->second.started.erase(execution.child);
  drop_if_done(execution.grant);
}

std::vector<protocol::Holding> GrantBook::inventory() const {
  std::vector<protocol::Holding> holdings;
  for (const auto& [id, entry] : grants_) {
    model::RangeSet all = entry.started;
    for (const model::Range& range : entry.waiting.ranges()) all.insert(range);
    holdings.push_back({id, all.ranges(), entry.started.ranges()});
  }
  return holdings;
}

void GrantBook::drop_if_done(model::GrantId grant) {
  const auto found = grants_.find(grant);
  if (found != grants_.end() && found->second.waiting.empty() && found->second.started.empty())
    grants_.erase(found);
}

}  // namespace mpibatch::node
