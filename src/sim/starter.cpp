#include "sim/starter.hpp"

#include <algorithm>
#include <limits>

namespace mpibatch::sim {

std::optional<Gangs::Main> Gangs::started(const protocol::GangRole& role,
                                          const std::optional<Main>& main) {
  const auto [entry, fresh] = gangs_.try_emplace(role.main);
  Gang& gang = entry->second;
  if (fresh) gang.members_left = role.nodes;
  gang.members_left -=
      std::min(gang.members_left, static_cast<std::uint32_t>(model::count(role.members)));
  if (main) gang.main = main;
  return gang.members_left == 0 ? gang.main : std::nullopt;
}

void Gangs::lost(std::uint32_t node) {
  std::erase_if(gangs_, [&](const auto& entry) {
    return entry.second.main && entry.second.main->node == node;
  });
}

void Starter::join() {
  present_ = true;
  ++life_;
  free_ = spec_->capacity;
}

std::uint64_t Starter::vanish(Stage& stage, Instant now) {
  present_ = false;
  stage.gangs.lost(number_);
  stage.observer.busy(
      static_cast<std::int64_t>(free_.vcpus) - static_cast<std::int64_t>(spec_->capacity.vcpus),
      now);
  held_.clear();
  unused_.clear();
  backlog_.clear();
  return std::exchange(running_, 0);
}

std::uint64_t Starter::room(const model::Resources& each) const {
  std::uint64_t room = std::numeric_limits<std::uint64_t>::max();
  if (each.vcpus > 0) room = std::min<std::uint64_t>(room, free_.vcpus / each.vcpus);
  if (each.memory_mib > 0) room = std::min(room, free_.memory_mib / each.memory_mib);
  if (each.gpus > 0) room = std::min<std::uint64_t>(room, free_.gpus / each.gpus);
  return room;
}

void Starter::occupy(const Held& held, std::uint64_t children, Stage& stage, Instant now) {
  free_.vcpus -= static_cast<std::uint32_t>(held.each.vcpus * children);
  free_.memory_mib -= held.each.memory_mib * children;
  free_.gpus -= static_cast<std::uint32_t>(held.each.gpus * children);
  running_ += children;
  stage.observer.busy(static_cast<std::int64_t>(held.each.vcpus * children), now);
}

void Starter::release(const Held& held, std::uint64_t children, Stage& stage, Instant now) {
  free_.vcpus += static_cast<std::uint32_t>(held.each.vcpus * children);
  free_.memory_mib += held.each.memory_mib * children;
  free_.gpus += static_cast<std::uint32_t>(held.each.gpus * children);
  running_ -= children;
  stage.observer.busy(-static_cast<std::int64_t>(held.each.vcpus * children), now);
}

void Starter::grant(protocol::Grant&& grant) {
  std::uint32_t slot = 0;
  if (unused_.empty()) {
    slot = static_cast<std::uint32_t>(held_.size());
    held_.emplace_back();
  } else {
    slot = unused_.back();
    unused_.pop_back();
  }
  Held& held = held_[slot];
  held = {grant.id,
          model::number_of(grant.job),
          grant.each,
          {},
          std::move(grant.attempts),
          std::move(grant.children),
          0,
          0,
          std::move(grant.gang),
          {},
          true};
  if (!held.attempts.empty()) held.granted = held.waiting;
  backlog_.push_back(slot);
}

void Starter::start_what_fits(Stage& stage, Instant now, Outgoing& out) {
  while (!backlog_.empty()) {
    const std::uint32_t slot = backlog_.front();
    const std::uint64_t fits = room(held_[slot].each);
    if (fits == 0) return;
    start(slot, fits, stage, now, out);
    if (held_[slot].next < held_[slot].waiting.size()) return;
    backlog_.pop_front();
  }
}

void Starter::start(std::uint32_t slot, std::uint64_t most, Stage& stage, Instant now,
                    Outgoing& out) {
  model::Ranges started;
  std::uint64_t children = 0;
  Held& held = held_[slot];
  while (children < most && held.next < held.waiting.size()) {
    model::Range& range = held.waiting[held.next];
    const auto size =
        static_cast<model::ChildIndex>(std::min<std::uint64_t>(range.size(), most - children));
    started.push_back({range.begin, range.begin + size});
    children += size;
    range.begin += size;
    if (range.begin == range.end) ++held.next;
  }
  held.running += children;
  occupy(held, children, stage, now);
  if (held.gang) {
    held.part = started.front();
    start_part(slot, stage);
  } else {
    for (const model::Range& range : started) schedule(slot, range, stage, now);
  }
  out.started.emplace_back(held.id, std::move(started));
}

void Starter::schedule(std::uint32_t slot, model::Range children, Stage& stage, Instant now) {
  const Held& held = held_[slot];
  if (const auto same = stage.durations.uniform(held.job)) {
    stage.calendar.add({now + same->time, number_, slot, children, life_, same->timed_out, now});
    return;
  }
  for (model::ChildIndex child = children.begin; child < children.end; ++child) {
    const Takes takes = stage.durations.of(held.job, child, attempt_of(held, child));
    stage.calendar.add(
        {now + takes.time, number_, slot, {child, child + 1}, life_, takes.timed_out, now});
  }
}

void Starter::start_part(std::uint32_t slot, Stage& stage) {
  const Held& held = held_[slot];
  std::optional<Gangs::Main> main;
  if (held.gang->main == held.id) main = Gangs::Main{number_, life_, slot};
  if (const auto complete = stage.gangs.started(*held.gang, main))
    stage.complete.push_back(*complete);
}

void Starter::begin_gang(std::uint32_t slot, Stage& stage, Instant now) {
  schedule(slot, held_[slot].part, stage, now);
}

void Starter::report(const Running& running, model::EndKind kind, Instant now, Outgoing& out) {
  const Held& held = held_[running.slot];
  for (model::ChildIndex child = running.children.begin; child < running.children.end; ++child) {
    protocol::EndNotice& notice = out.ends.emplace_back();
    notice.number = ++ends_;
    notice.execution = {model::JobId{held.job}, child, held.id};
    notice.end.kind = kind;
    notice.end.code = kind == model::EndKind::Exited ? 0 : 143;
    notice.end.started_at = running.start;
    notice.end.stopped_at = now;
    notice.end.usage.wall = now - running.start;
  }
}

void Starter::end(const Running& running, Stage& stage, Outgoing& out) {
  stage.observer.ended(held_[running.slot].job, running);
  finish(running, running.timed_out ? model::EndKind::TimedOut : model::EndKind::Exited, stage,
         running.end, out);
  drop_if_done(running.slot);
}

void Starter::finish(const Running& running, model::EndKind kind, Stage& stage, Instant now,
                     Outgoing& out) {
  report(running, kind, now, out);
  Held& held = held_[running.slot];
  const std::uint64_t children = running.children.size();
  held.running -= children;
  release(held, children, stage, now);
  if (held.gang && held.gang->main == held.id) stage.gangs.over(held.id);
}

void Starter::obey(protocol::DownFrame& frame, Stage& stage, Instant now, Outgoing& out) {
  const model::Ranges all{{0, model::kChildrenMax}};
  if (auto* given = std::get_if<protocol::Grant>(&frame)) {
    grant(std::move(*given));
  } else if (const auto* recall = std::get_if<protocol::Recall>(&frame)) {
    if (const auto slot = slot_of(recall->grant)) {
      take_back(*slot, recall->children, out);
      drop_if_done(*slot);
    }
  } else if (const auto* asked = std::get_if<protocol::Stop>(&frame)) {
    if (const auto slot = slot_of(asked->grant)) stop(*slot, asked->children, stage, now, out);
  } else if (std::holds_alternative<protocol::StopAll>(frame)) {
    for (std::uint32_t slot = 0; slot < held_.size(); ++slot)
      if (held_[slot].used) stop(slot, all, stage, now, out);
  }
}

void Starter::take_back(std::uint32_t slot, const model::Ranges& children, Outgoing& out) {
  Held& held = held_[slot];
  model::RangeSet left;
  for (std::size_t i = held.next; i < held.waiting.size(); ++i) left.insert(held.waiting[i]);
  model::RangeSet given;
  for (const model::Range& asked : children)
    for (const model::Range& range : left.ranges()) {
      const model::Range common{std::max(asked.begin, range.begin), std::min(asked.end, range.end)};
      if (common.begin < common.end) given.insert(common);
    }
  if (given.empty()) return;
  for (const model::Range& range : given.ranges()) left.erase(range);
  held.waiting = left.ranges();
  held.next = 0;
  if (left.empty()) std::erase(backlog_, slot);
  out.returned.push_back({held.id, given.ranges()});
}

void Starter::stop(std::uint32_t slot, const model::Ranges& children, Stage& stage, Instant now,
                   Outgoing& out) {
  take_back(slot, children, out);
  std::uint64_t scheduled = 0;
  for (const Running& running : stage.calendar.take_if([&](const Running& entry) {
         return entry.node == number_ && entry.life == life_ && entry.slot == slot;
       })) {
    for (model::ChildIndex child = running.children.begin; child < running.children.end; ++child) {
      Running one = running;
      one.children = {child, child + 1};
      if (model::contains(children, child)) {
        finish(one, model::EndKind::Stopped, stage, now, out);
      } else {
        stage.calendar.add(one);
      }
    }
    ++scheduled;
  }
  // A gang's part, which has no end of its own.
  const Held& held = held_[slot];
  if (held.gang && scheduled == 0 && held.running > 0 && model::contains(children, held.part.begin))
    finish({now, number_, slot, held.part, life_, false, now}, model::EndKind::Stopped, stage, now,
           out);
  drop_if_done(slot);
}

void Starter::drop_if_done(std::uint32_t slot) {
  Held& held = held_[slot];
  if (held.running > 0 || held.next < held.waiting.size()) return;
  held = {};
  unused_.push_back(slot);
}

std::optional<std::uint32_t> Starter::slot_of(model::GrantId id) const {
  for (std::uint32_t slot = 0; slot < held_.size(); ++slot)
    if (held_[slot].used && held_[slot].id == id) return slot;
  return std::nullopt;
}

unsigned Starter::attempt_of(const Held& held, model::ChildIndex child) const {
  if (held.attempts.empty()) return 1;
  std::size_t at = 0;
  for (const model::Range& range : held.granted) {
    if (child < range.end) return held.attempts[at + (child - range.begin)];
    at += range.size();
  }
  return 1;
}

}  // namespace mpibatch::sim
