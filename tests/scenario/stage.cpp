#include "scenario/stage.hpp"

#include <algorithm>

#include "scenario/lines.hpp"
#include "support/scheduler_check.hpp"

namespace mpibatch::scenario {

namespace {

constexpr Duration kBeat = std::chrono::seconds(5);  // renewals and the owner's check

}  // namespace

Stage::Stage() {
  settings_.run = "r";
  settings_.state_folder = "/state";
}

std::string Stage::run(const Step& step) {
  output_.clear();
  for (const Command& command : step.commands) {
    run(command);
    if (rank0_) settle();
  }
  return output_.empty() ? "(nothing)\n" : output_;
}

server::Coordinator& Stage::rank0() {
  if (!rank0_) throw ScriptError("there is no rank 0 before `plan`");
  return *rank0_;
}

Stage::Machine& Stage::machine(const model::NodeName& name) {
  const auto [found, fresh] = machines_.try_emplace(name);
  if (fresh) {
    found->second.name = name;
    found->second.number = static_cast<std::uint32_t>(machines_.size());
  }
  return found->second;
}

Stage::Machine& Stage::linked(Words& words) {
  Machine& found = machine(words.node());
  if (!found.link) throw ScriptError(model::to_string(found.name) + " has no link");
  return found;
}

// In the facts' hexadecimal digits: node's number, instance's number.
model::InstanceId Stage::instance(const Machine& machine, std::uint64_t number) const {
  return {machine.number * std::uint64_t{16} + number};
}

model::JobId Stage::job(const std::string& name) const {
  const auto found = work_->adopted().ids.find(name);
  if (found == work_->adopted().ids.end()) throw ScriptError("there is no job '" + name + "'");
  return found->second;
}

void Stage::journal(const model::Fact& fact) {
  if (const auto* granted = std::get_if<model::Granted>(&fact))
    jobs_of_grants_[granted->grant] = granted->job;
  if (const auto* later = std::get_if<model::GrantedAfter>(&fact))
    jobs_of_grants_[later->granted.grant] = later->granted.job;
  if (const auto* gang = std::get_if<model::GangGranted>(&fact))
    for (const model::GangPart& part : gang->parts) jobs_of_grants_[part.grant] = gang->job;
  if (const auto applied = folded_.apply(fact); !applied)
    throw ScriptError("recovery could not apply a fact: " + applied.error().message);
  journal_.push_back(fact);
  say("fact " + model::to_string(fact));
}

void Stage::begin_epoch(const model::EpochBegan& began, std::vector<model::Fact> first,
                        bool count_on) {
  links_made_ = 0;
  link_names_.clear();
  for (auto& [name, machine] : machines_) machine.link.reset();
  folded_ = {};
  scheduler::Scheduler core;
  first.insert(first.begin(), began);
  for (const model::Fact& fact : journal_)
    if (!folded_.apply(fact) || !core.apply(fact)) throw ScriptError("the journal does not fold");
  for (const model::Fact& fact : first) {
    if (const auto applied = core.apply(fact); !applied) throw ScriptError(applied.error().message);
    journal(fact);
  }
  epoch_start_ = journal_.size();
  committed_ = 0;
  settings_.epoch = began.epoch;
  settings_.claimed_at = now_;
  settings_.waits_count_on = count_on;
  beat_at_ = now_ + kBeat;
  journal_lost_ = false;
  result_shown_ = false;
  rank0_ = std::make_unique<server::Coordinator>(settings_, std::move(core), *work_);
  if (owner_fresh_) rank0_->owner_verified(now_);
}

void Stage::commit(std::uint64_t upto) {
  committed_ = std::min<std::uint64_t>(upto, journal_.size() - epoch_start_);
  rank0().committed(committed_, now_);
}

void Stage::settle() {
  bool more = true;
  while (more) {
    const std::vector<model::Fact> facts = rank0_->take_facts();
    for (const model::Fact& fact : facts) journal(fact);
    if (commits_at_once_ && !facts.empty()) commit(journal_.size() - epoch_start_);
    const std::vector<server::Command> commands = rank0_->take_commands();
    for (const server::Command& command : commands) show(command);
    more = !facts.empty() || !commands.empty();
  }
  if (const auto result = rank0_->result(); result && !result_shown_) {
    result_shown_ = true;
    say("result " + to_string(*result));
  }
  check();
}

void Stage::show(const server::Command& command) {
  if (const auto* tell = std::get_if<server::Tell>(&command))
    return say((tell->warning ? "warning: " : "tell: ") + tell->message);
  if (const auto* read = std::get_if<server::ReadSegment>(&command))
    return say("read the segment of " + model::to_string(read->name) + " instance " +
               model::to_string(read->instance));
  const auto& send = std::get<server::SendDown>(command);
  std::string frames;
  for (const protocol::DownFrame& frame : send.message.frames) {
    const auto* renewed = std::get_if<protocol::Renewed>(&frame);
    if (renewed != nullptr && !stamps_shown_.contains(renewed->stamp)) continue;
    frames.append(frames.empty() ? "" : "; ").append(to_string(frame));
  }
  if (!frames.empty()) say("down " + link_names_.at(send.link) + ": " + frames);
}

void Stage::check() {
  if (journal_lost_) return;
  const scheduler::Scheduler& core = rank0_->scheduler();
  if (std::string wrong = testing::inconsistency(core); !wrong.empty()) throw ScriptError(wrong);
  // Recovery calls apply() alone: what is no fact is lost.
  if (std::string wrong = testing::difference(core, folded_); !wrong.empty())
    throw ScriptError("the journal folds to another state: " + wrong);
}

void Stage::beat() {
  if (owner_fresh_) rank0_->owner_verified(now_);
  for (auto& [name, machine] : machines_) {
    if (!machine.link || !machine.renews) continue;
    rank0_->receive(
        *machine.link,
        {settings_.epoch, machine.instance, {protocol::RenewRequest{now_.time_since_epoch()}}},
        now_);
  }
}

void Stage::pass(Duration time, bool stalled) {
  const Instant target = now_ + time;
  if (stalled) {
    now_ = target;
    rank0().tick(now_);
    return;
  }
  while (now_ < target) {
    const Instant wake = rank0().wake_at().value_or(target);
    if (wake <= now_ && now_ > settings_.claimed_at && !result_shown_)
      throw ScriptError("rank 0 wants to wake at a time that has passed: it would spin");
    const Instant next = std::min(target, beat_at_);
    now_ = wake > now_ ? std::min(next, wake) : next;
    if (now_ == beat_at_) {
      beat();
      beat_at_ += kBeat;
    }
    rank0_->tick(now_);
    const std::string before = std::exchange(output_, {});
    settle();
    const std::string during = std::exchange(output_, before);
    if (!during.empty()) output_ += "at " + seconds(now_.time_since_epoch()) + "\n" + during;
  }
}

void Stage::send_up(Machine& machine, protocol::UpFrame frame, Words& words) {
  protocol::UpMessage message{settings_.epoch, machine.instance, {std::move(frame)}};
  while (!words.empty()) {
    if (words.take("epoch")) {
      message.epoch = model::Epoch{static_cast<std::uint32_t>(words.number())};
    } else if (words.take("instance")) {
      message.instance = instance(machine, words.number());
    } else {
      words.end();
    }
  }
  machine.last = message;
  rank0().receive(*machine.link, message, now_);
}

}  // namespace mpibatch::scenario
