#include <mpibatch/node/starter_core.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <mpibatch/model/state.hpp>

#include "node/attempt_table.hpp"
#include "node/end_outbox.hpp"
#include "node/grant_book.hpp"
#include "node/lease.hpp"
#include "node/outgoing.hpp"

namespace mpibatch::node {

namespace {

std::string out_of_memory_text(const model::Usage& usage, const model::Resources& each) {
  constexpr std::uint64_t kKibEach = 1024;
  const auto mib = [](std::uint64_t count) { return std::to_string(count) + " MiB"; };
  std::string details;
  if (usage.memory_max_kib > 0)
    details = "its largest process used " + mib(usage.memory_max_kib / kKibEach);
  if (each.memory_mib > 0)
    details += (details.empty() ? "it asked for " : ", it asked for ") + mib(each.memory_mib);
  return std::string(model::kReasonOutOfMemory) + (details.empty() ? "" : " (" + details + ")");
}

// Starts and ends wait so long for more of them while there is work to go on with: waking rank 0
// and syncing its journal for each would cost more than the tasks.
constexpr Duration kBatch = std::chrono::milliseconds{50};
// Work that was expected to start at once and has waited so long goes back: elsewhere, or behind
// something more urgent, it is better placed.
constexpr Duration kStale = std::chrono::seconds{1};

}  // namespace

struct StarterCore::State {
  explicit State(StarterSettings given)
      : settings(std::move(given)), lease(settings.lease), attempts(settings.capacity) {}

  StarterSettings settings;
  Lease lease;
  Now last;
  bool begun = false;
  bool leaving = false;  // Exit was asked for
  bool linked = false;
  bool stopping = false;               // StopAll of this epoch
  std::optional<std::string> trouble;  // fatal: nothing more starts
  model::Epoch epoch{};
  Duration grace{std::chrono::seconds{30}};
  std::map<std::pair<model::JobId, model::Revision>, std::shared_ptr<const model::JobTemplate>>
      templates;
  GrantBook book;
  EndOutbox ends;
  AttemptTable attempts;
  Outgoing outgoing;
  std::vector<Action> actions;

  void touch(Now now) {
    last = now;
    if (std::exchange(begun, true)) return;
    lease.begin(now.boot);
  }
  void say(protocol::UpFrame frame) {
    if (linked) outgoing.frames.push_back(std::move(frame));
  }
  void give_back(GrantBook::GivenBack given) {
    for (auto& [id, children] : given) say(protocol::Returned{id, std::move(children)});
  }
  void append(store::SegmentRecord record) {
    if (!trouble) actions.push_back(Append{std::move(record)});
  }

  void attach(const protocol::Attach& attach, model::Epoch from);
  void grant(const protocol::Grant& grant);
  void recall(const protocol::Recall& recall);
  void stop(const protocol::Stop& asked);
  void stop_all(Duration stop_grace);
  void leave(std::string reason, bool settled);
  void fail(const std::string& message);

  void start_what_fits();
  void finish(const model::ExecutionId& id, HeldAttempt& attempt, model::AttemptEnd end);
  void take_signals();
  bool batch_due();
  void send_batch();
};

void StarterCore::State::attach(const protocol::Attach& attach, model::Epoch from) {
  if (from > epoch) stopping = false;
  epoch = from;
  linked = true;
  grace = attach.grace;
  lease.attach(attach.lease, last.boot);
  outgoing = {};  // was for the older link: the inventory says it all anew
  say(protocol::Hello{settings.name, settings.instance, settings.boot_id, settings.capacity,
                      settings.placement, settings.predecessor, book.inventory(), attach.number,
                      settings.features});
  for (std::string& notice : std::exchange(settings.notices, {}))
    say(protocol::Trouble{false, std::move(notice)});
  for (std::string& remark : std::exchange(settings.remarks, {}))
    say(protocol::Trouble{false, std::move(remark), true});
  if (trouble) say(protocol::Trouble{true, *trouble});
  ends.send_again();
}

void StarterCore::State::grant(const protocol::Grant& given) {
  const std::size_t children =
      model::well_formed(given.children) ? model::count(given.children) : 0;
  if (given.id.epoch != epoch || given.id.number == UINT32_MAX || children == 0 ||
      (!given.values.empty() && given.values.size() != children) ||
      (!given.attempts.empty() && given.attempts.size() != children) ||
      (given.after && given.children.size() != 1)) {
    say(protocol::Trouble{false, "grant " + model::to_string(given.id) + " is malformed; ignored"});
    return;
  }
  if (!book.mark_seen(given.id)) return;
  const auto job = templates.find({given.job, given.revision});
  if (job == templates.end()) {
    // Fatal, or rank 0 would grant it here again and again.
    fail("grant " + model::to_string(given.id) +
         " is of a job that it was not told of; a defect of mpibatch, please report it");
  }
  if (given.gang)
    fail("grant " + model::to_string(given.id) +
         " is a part of a multi-node parallel job, which cannot be launched yet");
  const bool before_runs = given.after && attempts.find(*given.after);
  if (trouble || stopping || !attempts.ever_fits(given.each) ||
      !book.add(given, job->second, before_runs, last.boot)) {
    say(protocol::Returned{given.id, given.children});
    return;
  }
  append(store::GrantReceived{given.id, given.job, given.revision, given.children});
}

void StarterCore::State::recall(const protocol::Recall& asked) {
  if (!model::well_formed(asked.children)) return;
  give_back(book.recall(asked.grant, asked.children));
}

void StarterCore::State::stop(const protocol::Stop& asked) {
  recall({asked.grant, asked.children});
  if (!model::well_formed(asked.children)) return;
  attempts.end_some(asked.grant, asked.children, Ending::Stop, asked.grace, last.awake);
  take_signals();
}

void StarterCore::State::stop_all(Duration stop_grace) {
  stopping = true;
  give_back(book.give_back_all());
  attempts.end_all(Ending::Stop, stop_grace, last.awake);
  take_signals();
}

void StarterCore::State::leave(std::string reason, bool settled) {
  if (std::exchange(leaving, true)) return;
  attempts.end_all(Ending::Stop, Duration{0}, last.awake);
  take_signals();
  actions.push_back(Exit{std::move(reason), settled});
}

void StarterCore::State::fail(const std::string& message) {
  if (trouble) return;
  trouble = message;
  give_back(book.give_back_all());
  say(protocol::Trouble{true, message});
}

// Strictly in grant order: rank 0 decided it, and a small job that overtook would starve a big one.
void StarterCore::State::start_what_fits() {
  if (leaving) return;
  for (const model::Resources* head = book.head(); head && attempts.fits(*head);
       head = book.head()) {
    Work work = book.take_head();
    attempts.add(work);
    actions.push_back(Spawn{work.execution, work.attempt, std::move(work.job),
                            std::move(work.values), work.each, std::move(work.environment)});
  }
}

void StarterCore::State::take_signals() {
  for (const Signal& signal : attempts.take_signals()) actions.push_back(signal);
}

void StarterCore::State::finish(const model::ExecutionId& id, HeldAttempt& attempt,
                                model::AttemptEnd end) {
  for (store::SegmentRecord& record : attempt.output.finish(id, attempt.job->log_bytes_max))
    append(std::move(record));
  const bool printed = attempt.output.any();
  if (printed && trouble && end.reason.empty()) end.reason = "its output may be lost: " + *trouble;
  const std::uint64_t number = ends.add(id, end, printed && !trouble);
  outgoing.pressing |= !book.ended(id, end.succeeded(), last.boot);
  append(store::AttemptEnded{number, id, std::move(end), attempt.attempt});
}

bool StarterCore::State::batch_due() {
  const bool to_say = linked && (!outgoing.empty() || ends.ready());
  if (!to_say && !ends.sync_needed()) {
    outgoing.send_at = Duration::max();
    return false;
  }
  if (!outgoing.frames.empty()) return true;
  // Without a backlog it is rank 0's answer that the slots wait for.
  const bool goes_on = book.head() || !outgoing.pressing;
  const Duration patience = goes_on ? kBatch : Duration{0};
  outgoing.send_at = std::min(outgoing.send_at, last.boot + patience);
  return last.boot >= outgoing.send_at;
}

void StarterCore::State::send_batch() {
  std::vector<protocol::UpFrame> frames = outgoing.take();
  if (std::vector<protocol::EndNotice> ready = ends.take_ready(); !ready.empty())
    frames.push_back(protocol::Ends{std::move(ready)});
  if (!frames.empty()) actions.push_back(Send{{epoch, settings.instance, std::move(frames)}});
}

StarterCore::StarterCore(StarterSettings settings)
    : state_(std::make_unique<State>(std::move(settings))) {}
StarterCore::~StarterCore() = default;

void StarterCore::receive(const protocol::DownMessage& message, Now now) {
  State& state = *state_;
  state.touch(now);
  if (state.leaving || message.epoch < state.epoch) return;
  for (const protocol::DownFrame& frame : message.frames) {
    const auto* attach = std::get_if<protocol::Attach>(&frame);
    const auto* leave = std::get_if<protocol::Leave>(&frame);
    const bool named = message.instance == state.settings.instance;
    // Until it has our Hello rank 0 cannot name us; its run may end before that.
    const bool to_whoever_is_here = message.instance == model::InstanceId{} && (attach || leave);
    if (!named && !to_whoever_is_here) return;
    if (attach && attach->run != state.settings.run) {
      state.actions.push_back(Send{
          {message.epoch,
           state.settings.instance,
           {protocol::Refused{"node " + model::to_string(state.settings.name) +
                              " works for another run of this state folder (" + state.settings.run +
                              "); end that run, or wait until its lease lapses"}}}});
      return;
    }
    // A higher epoch begins with its Attach: nothing else of it means anything before.
    if (!attach && message.epoch != state.epoch) return;
    if (attach) state.attach(*attach, message.epoch);
    if (const auto* templates = std::get_if<protocol::Templates>(&frame))
      for (const model::JobTemplate& job : templates->jobs)
        state.templates[{job.job, job.revision}] = std::make_shared<model::JobTemplate>(job);
    if (const auto* grant = std::get_if<protocol::Grant>(&frame)) state.grant(*grant);
    if (const auto* recall = std::get_if<protocol::Recall>(&frame)) state.recall(*recall);
    if (const auto* stop = std::get_if<protocol::Stop>(&frame)) state.stop(*stop);
    if (const auto* stop = std::get_if<protocol::StopAll>(&frame)) state.stop_all(stop->grace);
    if (const auto* renewed = std::get_if<protocol::Renewed>(&frame))
      state.lease.renewed(renewed->stamp, now.boot);
    if (const auto* acknowledged = std::get_if<protocol::Acknowledged>(&frame))
      for (const model::ExecutionId& id : state.ends.acknowledged(acknowledged->upto))
        state.book.forget(id);
    if (leave) state.leave("the run has ended", leave->settled);
  }
  tick(now);
}

void StarterCore::link_lost(Now now) {
  state_->touch(now);
  state_->linked = false;
  state_->outgoing = {};
  state_->lease.detach();
}

void StarterCore::started(model::ExecutionId execution, std::vector<std::uint32_t> cpus, Now now,
                          Duration ago) {
  State& state = *state_;
  state.touch(now);
  HeldAttempt* attempt = state.attempts.find(execution);
  if (!attempt || attempt->started) return;
  const Instant at = now.wall - ago;
  state.append(store::AttemptStarted{execution, attempt->attempt, at, std::move(cpus)});
  if (state.linked) state.outgoing.started[execution.grant].insert(execution.child);
  state.outgoing.pressing |= !attempt->in_a_chain;
  state.attempts.started(execution, *attempt, at, now.awake - ago);
  state.take_signals();
}

void StarterCore::cannot_start(model::ExecutionId execution, std::int32_t code, std::string reason,
                               Now now) {
  State& state = *state_;
  state.touch(now);
  std::optional<HeldAttempt> attempt = state.attempts.remove(execution);
  if (!attempt) return;
  model::AttemptEnd end{
      model::EndKind::CannotStart, code, std::move(reason), now.wall, now.wall, {}};
  state.finish(execution, *attempt, std::move(end));
  state.start_what_fits();
}

void StarterCore::output(model::ExecutionId execution, store::Stream stream, std::string bytes) {
  HeldAttempt* attempt = state_->attempts.find(execution);
  if (!attempt) return;
  for (store::SegmentRecord& record :
       attempt->output.add(execution, stream, std::move(bytes), attempt->job->log_bytes_max))
    state_->append(std::move(record));
}

void StarterCore::ended(model::ExecutionId execution, model::AttemptEnd end, Now now) {
  State& state = *state_;
  state.touch(now);
  std::optional<HeldAttempt> attempt = state.attempts.remove(execution);
  if (!attempt) return;
  end.started_at = attempt->started_at;
  end.stopped_at = now.wall;
  end.usage.wall = std::max(now.awake - attempt->started_awake, Duration{0});
  if (attempt->ending == Ending::Timeout) {
    if (end.kind == model::EndKind::Signaled) end.code += 128;
    end.kind = model::EndKind::TimedOut;
  } else if (attempt->ending == Ending::Stop && !end.succeeded()) {
    // What ended well before the signal reached it has ended well; anything else is run again.
    end.kind = model::EndKind::Stopped;
  } else if (end.kind == model::EndKind::OutOfMemory) {
    end.reason = out_of_memory_text(end.usage, attempt->each);
  }
  state.finish(execution, *attempt, std::move(end));
  state.start_what_fits();
}

void StarterCore::synced(std::uint64_t ticket, Now now) {
  state_->touch(now);
  state_->ends.synced(ticket);
  state_->outgoing.send_at = now.boot;  // they have waited for that
}

void StarterCore::segment_failed(const std::string& message, Now now) {
  state_->touch(now);
  if (state_->trouble) return;
  state_->fail(message);
  state_->ends.fail(message);
}

void StarterCore::tick(Now now) {
  State& state = *state_;
  state.touch(now);
  if (state.leaving) return;
  if (state.lease.lapsed(now.boot)) {
    state.leave("no word from rank 0 for the whole lease of " +
                    std::to_string(state.lease.length() / std::chrono::seconds{1}) + " s",
                false);
    return;
  }
  state.attempts.check_deadlines(now.awake, state.grace);
  state.take_signals();
  if (state.lease.should_ask(now.boot)) state.say(protocol::RenewRequest{now.boot});
  state.start_what_fits();
  // Without rank 0 there is nothing else to go on with.
  if (state.linked) state.give_back(state.book.give_back_until(now.boot - kStale));
}

Duration StarterCore::wake_at() const {
  const State& state = *state_;
  if (!state.begun) return Duration{0};
  if (state.leaving) return Duration::max();
  Duration at = std::min(state.lease.wake_at(), state.outgoing.send_at);
  if (state.linked && state.book.head()) at = std::min(at, state.book.oldest() + kStale);
  if (const std::optional<Duration> next = state.attempts.next_deadline())
    at = std::min(at, state.last.boot + std::max(*next - state.last.awake, Duration{0}));
  return at;
}

std::vector<Action> StarterCore::take_actions() {
  State& state = *state_;
  if (state.batch_due()) {
    if (const std::uint64_t ticket = state.ends.next_ticket(); ticket != 0)
      state.actions.push_back(Sync{ticket});
    state.outgoing.send_at = Duration::max();
    if (state.linked) state.send_batch();
  }
  return std::exchange(state.actions, {});
}

bool StarterCore::idle() const { return state_->book.empty(); }

}  // namespace mpibatch::node
