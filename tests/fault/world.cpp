#include "world.hpp"

#include <algorithm>

#include "starter.hpp"

namespace mpibatch::fault {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// Once nothing goes wrong any more, a run needs few lives: the one that is there, one after it
// where that had given up already, and some where users' holds stopped it.
constexpr unsigned kLivesInPeaceMax = 12;
constexpr unsigned kStepsAtOnceMax = 100'000;

}  // namespace

Cluster::Cluster(std::uint64_t seed, bool verbose)
    : random(seed), trace(events, verbose), disk(events, random, tally) {}
Cluster::~Cluster() = default;

World::World(std::uint64_t seed, const WorldOptions& options)
    : options_(options), cluster_(seed, options.verbose) {
  cluster_.fate = options.fate;
  cluster_.power_loss = [this](Host& host) { lose_power(host); };
  cluster_.chained = [this](model::JobId job) { break_chain(job); };
  cluster_.asleep = [this] {
    cluster_.events.after(cluster_.ms(0, 6000), [this] { start_life(); });
  };
  choose_settings();
  make_hosts();
  make_nodes();
  const Node& first = *cluster_.nodes.front();
  Ground ground{first.capacity, {}, first.features};
  for (const auto& host : cluster_.hosts) ground.hosts.push_back(host->name);
  cluster_.workload =
      std::make_unique<Workload>(seed, cluster_.random, ground, options.fate.has_value());
  cluster_.truth = std::make_unique<Truth>(*cluster_.workload, cluster_.trace);
  cluster_.history = std::make_unique<History>(*cluster_.workload, *cluster_.truth);
  choose_faults();
  FileSystem& files = cluster_.disk.files();
  (void)files.make_folder(cluster_.folder.journal());
  (void)files.make_folder(cluster_.folder.nodes());
  (void)files.make_folder(cluster_.folder.inbox());
  (void)files.sync_folder("/");
  (void)files.sync_folder(cluster_.folder.path);
}

World::~World() = default;

void World::choose_settings() {
  Random& random = cluster_.random;
  Settings& settings = cluster_.settings;
  settings.lease = std::vector<Duration>{seconds{9}, seconds{15}, seconds{60}}[random.below(3)];
  settings.grace = random.between(Duration{0}, Duration{seconds{5}});
  settings.patience = random.between(Duration{seconds{2}}, Duration{seconds{30}});
  if (random.chance(400)) cluster_.disk.delay_visibility();
  settings.sync_max = random.chance(500) ? Duration{milliseconds{20}} : Duration{seconds{3}};
}

void World::make_hosts() {
  Random& random = cluster_.random;
  const std::uint64_t hosts = random.between(1, options_.fate ? 2 : 4);
  for (std::uint64_t i = 0; i < hosts; ++i) {
    auto host = std::make_unique<Host>();
    host->name = "host" + std::to_string(i);
    host->boot_offset = random.between(Duration{0}, Duration{std::chrono::hours{1000}});
    host->wall_skew =
        random.chance(500) ? random.between(Duration{0}, Duration{minutes{10}}) : Duration{0};
    host->fast_ppm = static_cast<std::int64_t>(random.below(2001)) - 1000;
    cluster_.hosts.push_back(std::move(host));
  }
}

void World::make_nodes() {
  Random& random = cluster_.random;
  for (const auto& host : cluster_.hosts) {
    const std::uint64_t shares = random.chance(300) ? 2 : 1;
    for (std::uint32_t share = 0; share < shares; ++share) {
      auto node = std::make_unique<Node>();
      node->name = {host->name, share};
      node->host = host.get();
      // The first node is the largest: what fits nowhere else fits there.
      if (cluster_.nodes.empty()) {
        node->capacity = {
            static_cast<std::uint32_t>(random.between(2, 6)), random.between(100, 1000),
            static_cast<std::uint32_t>(random.chance(300) ? random.between(1, 3) : 0)};
        if (random.chance(300)) node->features = {"fast"};
      } else {
        const model::Resources& first = cluster_.nodes.front()->capacity;
        node->capacity = {static_cast<std::uint32_t>(random.between(1, first.vcpus)),
                          random.between(50, 100),
                          static_cast<std::uint32_t>(random.below(first.gpus + 1))};
        if (random.chance(500)) node->features = cluster_.nodes.front()->features;
      }
      cluster_.nodes.push_back(std::move(node));
    }
  }
}

// ---- lives of rank 0

void World::start_life() {
  if (finished_) return;
  Random& random = cluster_.random;
  std::vector<Host*> hosts;
  for (const auto& host : cluster_.hosts)
    if (host->up) hosts.push_back(host.get());
  if (hosts.empty()) return supervise();
  LifeOptions options;
  const bool shrunk = cluster_.faults && random.chance(200);
  for (const auto& node : cluster_.nodes) {
    const bool reached = node->host->up || random.chance(300);
    if (node == cluster_.nodes.front() || (reached && (!shrunk || random.chance(500))))
      options.nodes.push_back(node.get());
  }
  options.edit_plan = cluster_.faults && random.chance(150);
  // Else what fails for ever, and holds the rest, would do so for ever.
  options.keep_failed = !cluster_.faults || random.chance(300);
  Host& host = random.chance(700) && cluster_.hosts.front()->up ? *cluster_.hosts.front()
                                                                : *random.pick(hosts);
  if (!cluster_.faults && ++lives_in_peace_ > kLivesInPeaceMax)
    throw Violation{"rank 0 starts again and again although nothing goes wrong any more"};
  const auto number = static_cast<unsigned>(lives_.size() + 1);
  lives_.push_back(std::make_unique<RankZero>(cluster_, number, host, std::move(options),
                                              [this, at = lives_.size()] { life_gone(at); }));
  cluster_.trace("{} starts", lives_.back()->title());
  lives_.back()->begin();
}

void World::life_gone(std::size_t which) {
  const RankZero& life = *lives_[which];
  // Unless a later one has begun, which may find it to be run again.
  bool finished = life.finished() && which + 1 == lives_.size();
  // A run that has finished is run again now and then: what failed is retried.
  if (finished && cluster_.faults && reruns_left_ > 0 && cluster_.random.chance(300)) {
    --reruns_left_;
    finished = false;
  }
  if (finished) finished_ = true;
  if (!finished_ && !cluster_.faults && life.holds()) {
    release_all();
    if (lives_in_peace_ > 0) --lives_in_peace_;
  }
  supervise();
}

// In peace somebody looks after what is held.
void World::mind_holds() {
  if (finished_) return;
  if (newest() && newest()->alive() && newest()->holds()) release_all();
  cluster_.events.after(seconds{20}, [this] { mind_holds(); });
}

// Whoever runs mpibatch runs it again, unless somebody else does.
void World::supervise() {
  if (finished_ || std::exchange(supervising_, true)) return;
  cluster_.events.after(cluster_.ms(0, 5000), [this] {
    supervising_ = false;
    for (const auto& life : lives_)
      if (life->alive() && !life->stalled()) return;
    start_life();
  });
}

void World::run() {
  start_life();
  next_fault();
  cluster_.events.at(peace_at_, [this] { heal(); });
  EventQueue& events = cluster_.events;
  unsigned steps_at_once = 0;
  while (!events.empty()) {
    const Duration before = events.now();
    events.step();
    ++steps_;
    steps_at_once = events.now() == before ? steps_at_once + 1 : 0;
    if (steps_at_once > kStepsAtOnceMax) throw Violation{"time stands still: something spins"};
    if (events.now() > end_at_)
      throw Violation{fmt::format("the run has not ended {} s after the last fault",
                                  (end_at_ - peace_at_) / seconds{1})};
  }
  check_end();
}

void World::check_end() {
  if (cluster_.fate && cluster_.fate->fact > 0 && !cluster_.fate_met)
    throw Violation{"no rank 0 met its fate"};
  if (!finished_) throw Violation{"nothing happens any more, and the run has not ended"};
  const FileSystem& files = cluster_.disk.files();
  const auto state = fold_run(files, cluster_.folder);
  if (!state) throw Violation{"the journal cannot be read: " + state.error().message};
  cluster_.history->settled(state->stops);
  const Ledger ledger = cluster_.history->ledger(state->stops, store::kLastFact);
  if (std::string wrong = ledger.difference(state->scheduler); !wrong.empty())
    throw Violation{"the last state breaks a rule: " + wrong};
  cluster_.truth->check_end(state->scheduler);
  for (const auto& starter : cluster_.starters)
    if (starter->alive()) throw Violation{starter->title() + " lives on after the run"};
}

}  // namespace mpibatch::fault
