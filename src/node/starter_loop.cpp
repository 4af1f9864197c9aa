#include "node/starter_loop.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/host.hpp>
#include <mpibatch/base/random.hpp>
#include <mpibatch/protocol/codec.hpp>

#include "node/environment.hpp"

namespace mpibatch::node {

namespace {

constexpr std::uint64_t kQueuedBytesMax = std::uint64_t{32} << 20;  // output not written yet
constexpr int kThrottledWaitMs = 20;
constexpr int kMessagesATurn = 256;
constexpr Duration kRefusedPatience = std::chrono::seconds{3};

}  // namespace

StarterLoop::StarterLoop(StarterOptions options, StarterParts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      name_{host_name(), options_.share},
      instance_{random_u64()},
      began_(now()),
      segment_(parts_.files, {options_.state_folder}, {options_.run, name_, instance_},
               // Not after it: one killed in between would leave a segment and the doubt.
               [this] { parts_.predecessor.slots().clear_doubt(); }),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      cpus_(parts_.allocation),
      site_(options_.run, name_, parts_.allocation.cpus, parts_.predecessor.slots(),
            parts_.paths.pipes()),
      launchers_(site_, *this) {
  MPIBATCH_CHECK(static_cast<bool>(wake_));
}

StarterLoop::~StarterLoop() = default;

Now StarterLoop::now() const { return {clock_.boot(), clock_.awake(), Instant{clock_.wall()}}; }

bool StarterLoop::run() {
  std::unique_lock lock(mutex_);
  while (!leaving_) turn(wait(lock));
  return settled_;
}

void StarterLoop::turn(const Ready& ready) {
  if (std::exchange(link_broken_, false)) drop_link();
  if (ready.signals) stop_now();
  if (ready.callers || !callers_.empty()) take_callers();
  if (ready.reports) take_reports();
  if (ready.link || link_has_more_) hear_link();
  (void)site_.orphans.alive();  // reaps
  const Now turn = now();
  if (core_) {
    core_->tick(turn);
  } else if (turn.boot >= unused_until()) {
    leaving_ = true;
  }
  act();
  throttle();
}

// Nobody has come that could be served. Whoever was refused ends the run, and has no link on which
// to say so.
Duration StarterLoop::unused_until() const {
  const Duration came = began_.boot + options_.lease;
  return refused_ ? std::min(*refused_ + kRefusedPatience, came) : came;
}

// Without a word from rank 0: what is killed now is not the attempts' fault.
void StarterLoop::stop_now() {
  leaving_ = true;
  if (core_) core_->receive({epoch_, instance_, {protocol::StopAll{Duration{0}}}}, now());
}

StarterLoop::Ready StarterLoop::wait(std::unique_lock<std::mutex>& lock) {
  std::vector<pollfd> fds{{parts_.listener->descriptor(), POLLIN, 0},
                          {parts_.signals, POLLIN, 0},
                          {segment_.descriptor(), POLLIN, 0},
                          {wake_.get(), POLLIN, 0}};
  const Duration wake = core_ ? core_->wake_at() : unused_until();
  std::int64_t timeout = 1000;
  if (wake != Duration::max())
    timeout = std::chrono::ceil<std::chrono::milliseconds>(wake - clock_.boot()).count();
  const auto at_most = [&timeout](int ms) {
    if (ms >= 0) timeout = std::min<std::int64_t>(timeout, ms);
  };
  const auto add = [&](const transport::Link& link) {
    const short events = static_cast<short>(POLLIN | (link.wants_write() ? POLLOUT : 0));
    fds.push_back({link.descriptor(), events, 0});
    at_most(link.wait_ms_max());
  };
  const std::size_t link_at = fds.size();
  if (link_) add(*link_);
  if (link_has_more_) at_most(0);
  for (const Caller& caller : callers_)
    if (!caller.attach) add(*caller.link);
  if (throttled_) at_most(kThrottledWaitMs);
  timeout = std::clamp<std::int64_t>(timeout, 0, 1000);
  if (link_broken_) timeout = 0;
  waits_for_ = wake;
  waiting_ = true;
  lock.unlock();
  ::poll(fds.data(), fds.size(), static_cast<int>(timeout));
  lock.lock();
  waiting_ = false;
  eventfd_t ignored = 0;
  if (fds[3].revents != 0) ::eventfd_read(wake_.get(), &ignored);
  const bool link = link_ && (fds[link_at].revents != 0 || link_->wait_ms_max() >= 0);
  return {fds[0].revents != 0, fds[1].revents != 0, fds[2].revents != 0, link};
}

void StarterLoop::take_reports() {
  for (const SegmentReport& report : segment_.take_reports()) {
    if (const auto* checked = std::get_if<NonceChecked>(&report)) nonce_checked(*checked);
    if (const auto* synced = std::get_if<SegmentSynced>(&report); synced && core_)
      core_->synced(synced->ticket, now());
    if (const auto* failed = std::get_if<SegmentFailed>(&report)) {
      if (!core_) make_core(false);
      core_->segment_failed(failed->message, now());
    }
    if (std::holds_alternative<RunGone>(report)) stop_now();
  }
}

void StarterLoop::hear_link() {
  link_has_more_ = false;
  if (!link_) return;
  link_->progress();
  for (int taken = 0; link_; ++taken) {
    link_has_more_ = taken == kMessagesATurn;
    if (link_has_more_) break;
    const std::optional<std::string> bytes = link_->receive();
    if (!bytes) break;
    auto message = protocol::decode_down(*bytes);
    if (!message) {  // between builds of one version this cannot be: start the link anew
      drop_link();
    } else if (!message->frames.empty() &&
               std::holds_alternative<protocol::Attach>(message->frames.front())) {
      // Attached again over the same link: it has to show itself like any other.
      Caller caller{std::move(link_), std::move(*message), {}, false};
      drop_link();
      caller.nonce = std::get<protocol::Attach>(caller.attach->frames.front()).nonce;
      callers_.push_back(std::move(caller));
      ask_for_nonce();
    } else {
      core_->receive(*message, now());
    }
  }
  if (link_ && link_->closed()) drop_link();
}

void StarterLoop::drop_link() {
  link_.reset();
  link_has_more_ = false;
  if (core_) core_->link_lost(now());
}

void StarterLoop::act() {
  if (!core_) return;
  for (auto actions = core_->take_actions(); !actions.empty(); actions = core_->take_actions()) {
    std::vector<store::SegmentRecord> records;
    for (Action& action : actions)
      if (auto* append = std::get_if<Append>(&action)) records.push_back(std::move(append->record));
    if (!records.empty()) segment_.append(std::move(records));
    for (Action& action : actions) {
      if (const auto* sync = std::get_if<Sync>(&action)) segment_.sync(sync->ticket);
      if (auto* start = std::get_if<Spawn>(&action)) spawn(std::move(*start));
      if (const auto* signal = std::get_if<Signal>(&action))
        launchers_.signal(signal->execution, signal->signal);
      if (const auto* message = std::get_if<Send>(&action)) send(message->message);
      if (const auto* exit = std::get_if<Exit>(&action)) {
        leaving_ = true;
        settled_ = exit->settled;
      }
    }
  }
}

// The main thread has to look only where it would wait too long, or for the wrong thing.
void StarterLoop::act_for_launcher() {
  act();
  throttle();
  const bool look = leaving_ || link_broken_ || throttled_ || (link_ && link_->wants_write()) ||
                    core_->wake_at() < waits_for_;
  if (look && std::exchange(waiting_, false)) ::eventfd_write(wake_.get(), 1);
}

void StarterLoop::spawn(Spawn spawn) {
  if (leaving_) return;
  const std::uint32_t vcpus = spawn.each.vcpus;
  std::vector<std::uint32_t> cpus;
  if (vcpus > 0) cpus = cpus_.take(vcpus).value_or(std::vector<std::uint32_t>{});
  bound_.emplace(spawn.execution, cpus);
  launchers_.start({std::move(spawn), std::move(cpus)});
}

// What cannot leave is not lost: all of it is said again over the next link.
void StarterLoop::send(const protocol::UpMessage& message) {
  if (link_ && !link_broken_) link_broken_ = !link_->send(protocol::encode(message));
}

void StarterLoop::give_back_cpus(const model::ExecutionId& execution) {
  const auto found = bound_.find(execution);
  if (found == bound_.end()) return;
  if (!found->second.empty()) cpus_.give_back(found->second);
  bound_.erase(found);
}

void StarterLoop::throttle() {
  // Half of it has to go before reading goes on: else it would stop and go with every chunk.
  const std::uint64_t queued = segment_.queued_bytes();
  throttled_ = queued > (throttled_ ? kQueuedBytesMax / 2 : kQueuedBytesMax);
  launchers_.set_reading(!throttled_);
}

void StarterLoop::started(const model::ExecutionId& execution, Duration at) {
  const std::lock_guard lock(mutex_);
  const Now told = now();
  core_->started(execution, bound_.at(execution), told, told.awake - at);
  act_for_launcher();
}

void StarterLoop::cannot_start(const model::ExecutionId& execution, StartFailure failure) {
  const std::lock_guard lock(mutex_);
  give_back_cpus(execution);
  core_->cannot_start(execution, failure.code, std::move(failure.reason), now());
  act_for_launcher();
}

void StarterLoop::output(const model::ExecutionId& execution, store::Stream stream,
                         std::string bytes) {
  const std::lock_guard lock(mutex_);
  core_->output(execution, stream, std::move(bytes));
  act_for_launcher();
}

void StarterLoop::ended(const model::ExecutionId& execution, model::AttemptEnd end) {
  const std::lock_guard lock(mutex_);
  give_back_cpus(execution);
  core_->ended(execution, std::move(end), now());
  act_for_launcher();
}

bool StarterLoop::finish() {
  constexpr Duration kKillPatience = std::chrono::seconds{5};
  constexpr Duration kWritePatience = std::chrono::seconds{5};
  constexpr int kFlushTries = 20;
  constexpr int kFlushWaitMs = 10;
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
    launchers_.stop();
  }
  const bool gone = launchers_.finish(kKillPatience);
  const std::lock_guard lock(mutex_);
  act();
  const bool written = segment_.finish(kWritePatience);
  if (settled_) remove_node_folder(parts_.paths);
  for (int i = 0; link_ && link_->queued_bytes() > 0 && i < kFlushTries; ++i) {
    pollfd fd{link_->descriptor(), POLLOUT, 0};
    ::poll(&fd, 1, kFlushWaitMs);
    link_->progress();
  }
  link_.reset();
  return gone && written;
}

}  // namespace mpibatch::node
