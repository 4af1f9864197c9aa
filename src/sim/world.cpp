#include "sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <mpibatch/base/check.hpp>

namespace mpibatch::sim {

namespace {

using namespace std::chrono_literals;

// Any time will do but zero, which stands for none here and there.
constexpr Instant kBegin{std::chrono::hours(1)};
// A lease that nobody has to renew, where no node is lost.
constexpr Duration kNoLease = std::chrono::hours(24 * 365 * 10);
constexpr Duration kLease = std::chrono::seconds(60);
constexpr std::size_t kReasonsMax = 20;
constexpr model::Epoch kEpoch{1};

scheduler::Scheduler adopt(const model::Plan& plan) {
  scheduler::Scheduler core;
  MPIBATCH_CHECK(
      core.apply(model::EpochBegan{kEpoch, "simulation", {}, Duration{0}, kBegin}).has_value());
  model::PlanAdopted adopted;
  adopted.revision = model::Revision{1};
  adopted.rules = plan.rules;
  for (std::uint32_t job = 0; job < plan.jobs.size(); ++job)
    adopted.jobs.push_back({model::JobId{job}, plan.jobs[job].spec, {}});
  MPIBATCH_CHECK(core.apply(adopted).has_value());
  return core;
}

}  // namespace

// The values of parameters say nothing here, and there may be many.
class World::Work final : public server::WorkSource {
 public:
  explicit Work(const model::Plan& plan) : plan_(plan) {}
  const model::PlannedJob& job(model::JobId id) const override {
    return plan_.jobs[model::number_of(id)];
  }

 private:
  const model::Plan& plan_;
};

World::World(const model::Plan& plan, const Setup& setup, const Durations& durations)
    : plan_(plan),
      setup_(setup),
      work_(std::make_unique<Work>(plan)),
      statistics_(plan, kBegin),
      stage_{durations, statistics_, {}, {}, {}},
      now_(kBegin) {
  for (std::uint32_t node = 0; node < setup.nodes.size(); ++node) {
    starters_.emplace_back(node, setup.nodes[node]);
    vcpus_ += setup.nodes[node].capacity.vcpus;
  }
  link_of_node_.resize(starters_.size());
  server::CoordinatorSettings settings;
  settings.run = "simulation";
  settings.epoch = kEpoch;
  settings.lease = losses_possible() ? kLease : kNoLease;
  settings.nodes_expected = static_cast<std::uint32_t>(starters_.size());
  settings.claimed_at = kBegin;
  settings.grants_after = false;  // its starters know no turns, and no word takes any time here
  if (setup.walltime) settings.allocation = {kBegin, kBegin + *setup.walltime};
  // A lost node that will come back is waited for.
  if (setup.back_after) settings.patience = std::max(settings.patience, *setup.back_after + kLease);
  coordinator_ = std::make_unique<server::Coordinator>(settings, adopt(plan), *work_);
}

World::~World() = default;

bool World::losses_possible() const {
  return !setup_.losses.empty() || setup_.losses_per_node_hour > 0;
}

void World::join(std::uint32_t node) {
  Starter& starter = starters_[node];
  starter.join();
  statistics_.capacity(starter.spec().capacity.vcpus, now_);
  const auto link = static_cast<std::uint32_t>(links_.size());
  links_.push_back(node);
  link_of_node_[node] = link;
  draw_loss(node);
  coordinator_->link_opened(server::LinkId{link}, server::NodeUse::Work, now_);
}

// When this life of the node ends, by the rate.
void World::draw_loss(std::uint32_t node) {
  if (setup_.losses_per_node_hour <= 0) return;
  const std::uint32_t life = starters_[node].life();
  const double part = unit_of(mix(hash_of(setup_.seed, starters_[node].spec().host) + life));
  const double hours = -std::log(part) / setup_.losses_per_node_hour;
  if (hours > std::chrono::duration<double, std::ratio<3600>>(kNoLease).count()) return;
  const Duration after{std::llround(hours * 3600e6)};
  happenings_.push({now_ + after, Happening::Kind::Lose, node, life});
}

void World::lose(std::uint32_t node) {
  Starter& starter = starters_[node];
  if (!starter.present()) return;
  statistics_.lost(starter.vanish(stage_, now_), now_);
  statistics_.capacity(-static_cast<std::int64_t>(starter.spec().capacity.vcpus), now_);
  if (setup_.back_after)
    happenings_.push({now_ + *setup_.back_after, Happening::Kind::Return, node, 0});
  coordinator_->link_closed(server::LinkId{link_of_node_[node]}, now_);
}

void World::happen(const Happening& happening) {
  switch (happening.kind) {
    case Happening::Kind::Lose:
      if (happening.life == 0 || happening.life == starters_[happening.node].life())
        lose(happening.node);
      break;
    case Happening::Kind::Return:
      join(happening.node);
      break;
    case Happening::Kind::Renew:
      renew_leases();
      break;
  }
}

void World::renew_leases() {
  coordinator_->owner_verified(now_);
  for (std::uint32_t node = 0; node < starters_.size(); ++node)
    if (starters_[node].present()) say(node, protocol::RenewRequest{now_ - kBegin});
  happenings_.push({now_ + kLease / 6, Happening::Kind::Renew, 0, 0});
}

void World::say(std::uint32_t node, protocol::UpFrame frame) {
  protocol::UpMessage message{kEpoch, starters_[node].instance(), {}};
  message.frames.push_back(std::move(frame));
  coordinator_->receive(server::LinkId{link_of_node_[node]}, message, now_);
}

void World::say(std::uint32_t node, Outgoing& out) {
  if (out.empty()) return;
  protocol::UpMessage message{kEpoch, starters_[node].instance(), {}};
  for (protocol::Returned& returned : out.returned) message.frames.push_back(std::move(returned));
  if (!out.started.empty()) message.frames.push_back(protocol::Started{std::move(out.started)});
  if (!out.ends.empty()) message.frames.push_back(protocol::Ends{std::move(out.ends)});
  out = {};
  coordinator_->receive(server::LinkId{link_of_node_[node]}, message, now_);
}

void World::end_what_is_due() {
  Outgoing out;
  Calendar& calendar = stage_.calendar;
  while (!calendar.empty() && calendar.next() <= now_) {
    const std::uint32_t node = calendar.front().node;
    Starter& starter = starters_[node];
    while (!calendar.empty() && calendar.next() <= now_ && calendar.front().node == node) {
      const Running running = calendar.take();
      if (starter.present() && running.life == starter.life()) starter.end(running, stage_, out);
    }
    if (starter.present()) starter.start_what_fits(stage_, now_, out);
    begin_complete_gangs();
    say(node, out);
  }
}

void World::begin_complete_gangs() {
  for (const Gangs::Main& main : std::exchange(stage_.complete, {}))
    starters_[main.node].begin_gang(main.slot, stage_, now_);
}

void World::deliver(server::SendDown& command) {
  const std::uint32_t link = static_cast<std::uint32_t>(command.link);
  const std::uint32_t node = links_[link];
  Starter& starter = starters_[node];
  if (!starter.present() || link_of_node_[node] != link) return;
  Outgoing out;
  for (protocol::DownFrame& frame : command.message.frames) {
    if (const auto* attach = std::get_if<protocol::Attach>(&frame)) {
      protocol::Hello hello;
      hello.name = {starter.spec().host, 0};
      hello.instance = starter.instance();
      hello.boot_id = fmt::format("{}-{}", starter.spec().host, starter.life());
      hello.capacity = starter.spec().capacity;
      hello.predecessor = model::Predecessor::None;
      hello.answers = attach->number;
      hello.features = starter.spec().features;
      say(node, std::move(hello));
    } else {
      starter.obey(frame, stage_, now_, out);
    }
  }
  starter.start_what_fits(stage_, now_, out);
  begin_complete_gangs();
  say(node, out);
}

// Everything that follows from what has happened now; commits take no time.
void World::settle() {
  while (true) {
    const std::size_t made = coordinator_->take_facts().size();
    facts_ += made;
    if (made > 0) coordinator_->committed(facts_, now_);
    std::vector<server::Command> commands = coordinator_->take_commands();
    if (commands.empty() && made == 0) return;
    for (server::Command& command : commands) {
      if (auto* send = std::get_if<server::SendDown>(&command)) {
        deliver(*send);
      } else if (const auto* read = std::get_if<server::ReadSegment>(&command)) {
        coordinator_->segment_read(read->node, read->instance, {}, now_);
      } else {
        told_.push_back(std::get<server::Tell>(command).message);
      }
    }
  }
}

std::optional<Instant> World::next() const {
  std::optional<Instant> at;
  const auto earlier = [&](Instant candidate) { at = std::min(at.value_or(candidate), candidate); };
  if (!stage_.calendar.empty()) earlier(stage_.calendar.next());
  if (!happenings_.empty()) earlier(happenings_.top().at);
  // What it wanted at this very moment it has had.
  if (const auto wake = coordinator_->wake_at(); wake && (!ticked_ || *wake > *ticked_))
    earlier(std::max(*wake, now_));
  return at;
}

void World::run() {
  for (const Loss& loss : setup_.losses)
    for (std::uint32_t node = 0; node < starters_.size(); ++node)
      if (setup_.nodes[node].host == loss.host)
        happenings_.push({kBegin + loss.at, Happening::Kind::Lose, node, 0});
  if (losses_possible()) happenings_.push({kBegin, Happening::Kind::Renew, 0, 0});
  for (std::uint32_t node = 0; node < starters_.size(); ++node) join(node);
  settle();
  while (!coordinator_->result()) {
    const auto at = next();
    if (!at) break;
    now_ = std::max(now_, *at);
    if (setup_.walltime && now_ > kBegin + *setup_.walltime) {
      out_of_time_ = true;
      break;
    }
    end_what_is_due();
    while (!happenings_.empty() && happenings_.top().at <= now_) {
      const Happening happening = happenings_.top();
      happenings_.pop();
      happen(happening);
    }
    if (const auto wake = coordinator_->wake_at(); wake && *wake <= now_) {
      ticked_ = now_;
      coordinator_->tick(now_);
    }
    settle();
  }
}

// An array's own reason says no more than that a child failed.
std::string World::why(const scheduler::Scheduler& core, model::JobId job) {
  for (const auto state : {model::ChildState::Failed, model::ChildState::Cancelled})
    if (core.counts(job)[state] > 0)
      for (model::ChildIndex child = 0; child < core.size(job); ++child)
        if (core.state(job, child) == state) return core.status_reason(job, child);
  return core.status_reason(job);
}

std::vector<std::string> World::reasons(const scheduler::Scheduler& core) const {
  std::vector<std::string> lines;
  if (const auto result = coordinator_->result()) lines = result->reasons;
  for (const std::string& line : core.held()) lines.push_back(line);
  for (std::uint32_t job = 0; job < plan_.jobs.size() && lines.size() < kReasonsMax; ++job) {
    const scheduler::Counts counts = core.counts(model::JobId{job});
    const std::uint64_t left = counts.total() - counts.terminal();
    const std::uint64_t bad = counts.terminal() - counts.good();
    const std::string& name = plan_.jobs[job].spec.name;
    if (left > 0 && out_of_time_)
      lines.push_back(fmt::format("job '{}' does not end within the walltime: {} of {} left", name,
                                  left, counts.total()));
    if (bad > 0)
      lines.push_back(fmt::format("job '{}': {} of {} failed: {}", name, bad, counts.total(),
                                  why(core, model::JobId{job})));
  }
  return lines;
}

Report World::report() const {
  const scheduler::Scheduler& core = coordinator_->scheduler();
  Report report;
  statistics_.fill(report, vcpus_);
  report.counts = core.counts();
  report.fits = report.counts.good() == report.counts.total();
  if (!report.fits) report.reasons = reasons(core);
  report.notes = told_;
  return report;
}

}  // namespace mpibatch::sim
