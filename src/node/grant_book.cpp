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

bool GrantBook::add(protocol::Grant grant, std::shared_ptr<const model::JobTemplate> job, bool runs,
                    Duration boot) {
  const model::GrantId id = grant.id;
  const auto after = grant.after;
  bool turn = true;
  if (after) {
    const auto found = grants_.find(after->grant);
    if (found == grants_.end() || found->second.grant.job != after->job) return false;
    const Entry& before = found->second;
    const bool ended = before.started.contains(after->child) && !runs;
    turn = ended && !before.failed.contains(after->child);
    if (!turn && (ended || !before.has(after->child) || before.promised.contains(after->child + 1)))
      return false;
    if (!turn && !followers_.emplace(Child{after->grant, after->child}, id).second) return false;
  }
  Entry entry{std::move(grant), std::move(job), {}, {}, {}, {}, boot};
  model::RangeSet& children = after ? entry.promised : entry.waiting;
  for (const model::Range& range : entry.grant.children) children.insert(range);
  const auto [place, added] = grants_.emplace(id, std::move(entry));
  MPIBATCH_CHECK(added);
  if (!after)
    order_.insert(id);
  else if (turn)
    take_turn(place->second, boot);
  return true;
}

const model::Resources* GrantBook::head() const {
  return order_.empty() ? nullptr : &grants_.at(*order_.begin()).grant.each;
}

Work GrantBook::take_head() {
  Entry& entry = grants_.at(*order_.begin());
  const model::ChildIndex child = entry.waiting.front();
  entry.waiting.erase(child);
  entry.started.insert(child);
  protocol::Grant& grant = entry.grant;
  const std::size_t at = position_of(grant.children, child);
  Work work{{grant.job, child, grant.id},
            1,
            grant.after.has_value(),
            entry.job,
            {},
            grant.each,
            grant.environment};
  if (!grant.attempts.empty()) work.attempt = grant.attempts[at];
  if (!grant.values.empty()) work.values = std::move(grant.values[at]);
  if (entry.waiting.empty()) order_.erase(order_.begin());
  return work;
}

void GrantBook::take_turn(Entry& entry, Duration boot) {
  const model::ChildIndex child = entry.promised.front();
  entry.promised.erase(child);
  entry.waiting.insert(child);
  entry.came = boot;
  order_.insert(entry.grant.id);
}

bool GrantBook::ended(const model::ExecutionId& execution, bool succeeded, Duration boot) {
  const auto found = grants_.find(execution.grant);
  if (found == grants_.end()) return false;
  Entry& entry = found->second;
  const model::ChildIndex child = execution.child;
  if (!succeeded) {
    entry.failed.insert(child);
    GivenBack given;
    call_off_after(execution.grant, {{child, child + 1}}, given);
    return false;
  }
  if (!entry.promised.empty() && entry.promised.front() == child + 1) {
    take_turn(entry, boot);
    return true;
  }
  if (followers_.empty()) return false;
  const auto follower = followers_.find({execution.grant, child});
  if (follower == followers_.end()) return false;
  take_turn(grants_.at(follower->second), boot);
  followers_.erase(follower);
  return true;
}

GrantBook::GivenBack GrantBook::recall(model::GrantId grant, const model::Ranges& children) {
  GivenBack given;
  if (children.empty()) return given;
  if (mark_seen(grant)) {
    given.emplace_back(grant, children);
    return given;
  }
  const auto found = grants_.find(grant);
  if (found == grants_.end()) return given;
  Entry& entry = found->second;
  model::RangeSet back;
  for (model::RangeSet* from : {&entry.waiting, &entry.promised})
    for (const model::Range& range : from->overlap(children)) {
      back.insert(range);
      from->erase(range);
    }
  if (back.empty()) return given;
  if (entry.waiting.empty()) order_.erase(grant);
  given.emplace_back(grant, back.ranges());
  call_off_after(grant, back.ranges(), given);
  return given;
}

GrantBook::GivenBack GrantBook::give_back_until(Duration boot) {
  GivenBack given;
  while (oldest() <= boot && !order_.empty()) {
    const model::GrantId id = *order_.begin();
    const model::Ranges waiting = grants_.at(id).waiting.ranges();
    for (auto& back : recall(id, waiting)) given.push_back(std::move(back));
  }
  return given;
}

GrantBook::GivenBack GrantBook::give_back_all() {
  GivenBack given;
  std::vector<std::pair<model::GrantId, model::Ranges>> all;
  for (const auto& [id, entry] : grants_) {
    model::RangeSet unstarted = entry.waiting;
    for (const model::Range& range : entry.promised.ranges()) unstarted.insert(range);
    if (!unstarted.empty()) all.emplace_back(id, unstarted.ranges());
  }
  for (const auto& [id, children] : all)
    for (auto& back : recall(id, children)) given.push_back(std::move(back));
  return given;
}

model::Ranges GrantBook::call_off(Entry& entry, model::ChildIndex from) {
  model::Ranges back = entry.promised.overlap({{from, UINT32_MAX}});
  for (const model::Range& range : back) entry.promised.erase(range);
  const auto& after = entry.grant.after;
  if (after && entry.promised.empty()) {
    const auto own = followers_.find({after->grant, after->child});
    if (own != followers_.end() && own->second == entry.grant.id) followers_.erase(own);
  }
  return back;
}

void GrantBook::call_off_after(model::GrantId grant, const model::Ranges& lost, GivenBack& given) {
  GivenBack work{{grant, lost}};
  while (!work.empty()) {
    const auto [of, gone] = std::move(work.back());
    work.pop_back();
    if (const auto own = grants_.find(of); own != grants_.end()) {
      model::Ranges rest = call_off(own->second, gone.front().begin);
      drop_if_done(of);
      if (!rest.empty()) {
        given.emplace_back(of, rest);
        work.emplace_back(of, std::move(rest));
      }
    }
    for (const model::Range& range : gone)
      for (;;) {
        const auto next = followers_.lower_bound({of, range.begin});
        if (next == followers_.end() || next->first >= Child{of, range.end}) break;
        const model::GrantId follower = next->second;
        model::Ranges rest = call_off(grants_.at(follower), 0);
        MPIBATCH_CHECK(!rest.empty());
        drop_if_done(follower);
        given.emplace_back(follower, rest);
        work.emplace_back(follower, std::move(rest));
      }
  }
}

Duration GrantBook::oldest() const {
  return order_.empty() ? Duration::max() : grants_.at(*order_.begin()).came;
}

void GrantBook::forget(const model::ExecutionId& execution) {
  const auto found = grants_.find(execution.grant);
  if (found == grants_.end()) return;
  Entry& entry = found->second;
  for (model::RangeSet* set : {&entry.started, &entry.failed})
    if (!set->empty()) set->erase(execution.child);
  drop_if_done(execution.grant);
}

std::vector<protocol::Holding> GrantBook::inventory() const {
  std::vector<protocol::Holding> holdings;
  for (const auto& [id, entry] : grants_) {
    model::RangeSet all = entry.started;
    for (const model::RangeSet* more : {&entry.waiting, &entry.promised})
      for (const model::Range& range : more->ranges()) all.insert(range);
    holdings.push_back({id, all.ranges(), entry.started.ranges()});
  }
  return holdings;
}

void GrantBook::drop_if_done(model::GrantId grant) {
  const auto found = grants_.find(grant);
  if (found == grants_.end()) return;
  const Entry& entry = found->second;
  if (entry.waiting.empty() && entry.promised.empty() && entry.started.empty())
    grants_.erase(found);
}

}  // namespace mpibatch::node
