// How a run starts to grant, gets stuck, and ends.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/coordinator_state.hpp"

namespace mpibatch::server {

void Coordinator::State::gather(Instant now) {
  if (gathered || ending) return;
  const bool all = present >= settings.nodes_expected;
  if (!all && now < patience_until) return;
  if (present == 0) {
    end({RunEnd::Stuck, {fmt::format("none of {} nodes answered", settings.nodes_expected)}}, now);
    return;
  }
  gathered = true;
  if (settings.end_at_once) {
    settings.grace = Duration{0};
    end({RunEnd::Interrupted, {}}, std::max(patience_until, now + settings.margin));
    return;
  }
  if (!all) {
    // What fits none of these may fit one that is late: not the plan is wrong, a node is missing.
    tell(true, fmt::format("only {} of {} nodes answered; going on with these", present,
                           settings.nodes_expected));
  } else if (const auto reasons = core.unsatisfiable(); !reasons.empty()) {
    end({RunEnd::Refused, reasons}, now + settings.grace + settings.margin);
  }
}

void Coordinator::State::end(RunResult result, Instant until) {
  ending = std::move(result);
  ending_until = until;
  for (const auto& [link, session] : sessions)
    if (session.greeted) send(link, protocol::StopAll{settings.grace});
}

// Nothing runs, no lease is waited for, and what waits fits nowhere: never for ever.
void Coordinator::State::check_stuck(Instant now) {
  if (!gathered || ending || journal_lost) return;
  const std::vector<std::string> reasons = core.stuck();
  if (reasons.empty() && !core.all_held()) {
    nothing_since.reset();
    return;
  }
  if (auto troubles = hopeless(); !troubles.empty())
    return end({RunEnd::Stuck, std::move(troubles)}, now);
  // Only a user can let it go on.
  if (core.held_by_failures()) return end({RunEnd::SomeFailed, core.held()}, now);
  if (!nothing_since) nothing_since = now;
  // A lost node may come back, a user release what he holds.
  if (now - *nothing_since < settings.patience) return;
  std::vector<std::string> all = core.held();
  for (const std::string& reason : reasons)
    if (std::find(all.begin(), all.end(), reason) == all.end()) all.push_back(reason);
  end({RunEnd::Stuck, std::move(all)}, now);
}

// False where some of what was to be rehearsed failed.
bool Coordinator::State::rehearsed_well() const {
  for (const auto& [job, children] : settings.only) {
    bool good = true;
    model::for_each(children, [&, id = job](model::ChildIndex child) {
      good = good && model::good(core.state(id, child));
    });
    if (!good) return false;
  }
  return true;
}

// What all nodes say, where every one that can be expected is here and can start nothing more: a
// full disk that they share, say. None of them gets better by waiting.
std::vector<std::string> Coordinator::State::hopeless() const {
  std::vector<std::string> troubles;
  for (const auto& [link, session] : sessions) {
    if (!session.greeted || session.use != NodeUse::Work) continue;
    if (!session.trouble) return {};
    troubles.push_back(*session.trouble);
  }
  if (troubles.size() < settings.nodes_expected) return {};
  return troubles;
}

void Coordinator::State::check_end(Instant now) {
  if (leaving) return;
  if (core.finished() && !ending) {
    const scheduler::Counts counts = core.counts();
    const bool good = counts.good() == counts.total();
    ending = RunResult{good ? RunEnd::Succeeded : RunEnd::SomeFailed, {}};
    ending_until = now;
  }
  // What an earlier life left running beside it goes on another time.
  if (!ending && core.restriction_done())
    end({rehearsed_well() ? RunEnd::Succeeded : RunEnd::SomeFailed, {}},
        now + settings.grace + settings.margin);
  if (!ending) return;
  // What is to end at once may be with a starter that has not said hello yet.
  bool awaited = settings.end_at_once && now < settings.claimed_at + settings.margin;
  for (const auto& [link, session] : sessions)
    awaited = awaited || (settings.end_at_once && !session.greeted);
  bool out = false;
  for (const scheduler::GrantView& grant : core.grants())
    out =
        out || (!never_sent.contains(grant.id) && (awaited || link_of(grant.node, grant.instance)));
  if (out && now < ending_until) return;
  leave_all();
}

void Coordinator::State::leave_all() {
  leaving = true;
  for (auto& [link, session] : sessions) {
    if (std::exchange(session.left, true)) continue;
    if (journal_lost) {
      outbox.push_now(link, session.instance, protocol::Leave{false});
    } else {
      const bool settled =
          session.greeted && core.grants_of(session.node, session.instance).empty();
      send(link, protocol::Leave{settled});
    }
  }
}

void Coordinator::State::dismiss_finish_only() {
  if (finish_only == 0) return;
  for (auto& [link, session] : sessions) {
    if (session.use != NodeUse::FinishOnly || !session.greeted || session.left) continue;
    if (!core.grants_of(session.node, session.instance).empty()) continue;
    session.left = true;
    send(link, protocol::Leave{true});
  }
}

void Coordinator::interrupt(bool now_at_once, Instant now) {
  State& state = *state_;
  const Duration grace = now_at_once ? Duration{0} : state.settings.grace;
  const Instant until = now + grace + state.settings.margin;
  if (!state.ending) {
    state.settings.grace = grace;
    state.end({RunEnd::Interrupted, {}}, until);
  } else {
    state.ending_until = std::min(state.ending_until, until);
    for (const auto& [link, session] : state.sessions)
      if (session.greeted && now_at_once) state.send(link, protocol::StopAll{grace});
  }
  state.advance(now);
}

void Coordinator::end_run(RunEnd end, std::string reason, Instant now) {
  if (state_->ending) return;
  state_->end({end, {std::move(reason)}}, now + state_->settings.grace + state_->settings.margin);
  state_->advance(now);
}

void Coordinator::break_off(std::string reason, Instant now) {
  State& state = *state_;
  if (state.journal_lost) return;
  state.journal_lost = true;
  state.never_sent = state.outbox.drop_waiting();
  state.facts.clear();
  state.leaving = false;  // a Leave that waited for the last commit is gone as well
  for (auto& [link, session] : state.sessions) session.left = false;
  state.ending = RunResult{RunEnd::Stuck, {std::move(reason)}};
  state.ending_until = now + state.settings.grace + state.settings.margin;
  for (const auto& [link, session] : state.sessions)
    if (session.greeted)
      state.outbox.push_now(link, session.instance, protocol::StopAll{state.settings.grace});
  state.advance(now);
}

std::optional<RunResult> Coordinator::result() const {
  const State& state = *state_;
  if (!state.leaving || !state.outbox.empty() || !state.commands.empty()) return std::nullopt;
  if (!state.journal_lost && state.facts_committed < state.facts_made) return std::nullopt;
  return state.ending;
}

}  // namespace mpibatch::server
