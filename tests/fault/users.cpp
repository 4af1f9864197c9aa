// What users do meanwhile: they ask for things, they look, they find files damaged and restore
// them.
#include <algorithm>

#include "starter.hpp"
#include "world.hpp"

namespace mpibatch::fault {

using std::chrono::seconds;

namespace {

// A process that reads and writes, and that nothing happens to.
class User final : public VirtualProcess {
 public:
  User(Cluster& cluster, const Host& host)
      : VirtualProcess(cluster.events, cluster.trace, "a user on " + host.name),
        disk(cluster.disk, *this, &host) {}
  ProcessDisk disk;

 private:
  void died() override {}
};

}  // namespace

void World::post(store::Request request) {
  request.id = fmt::format("{:032x}", mix({requests_, cluster_.random.next()}));
  ++requests_;
  request.revision = cluster_.workload->newest();
  const Host& host = *cluster_.random.pick(cluster_.hosts);
  cluster_.trace("a request of kind {} for '{}' {} from {}", static_cast<int>(request.kind),
                 request.job, model::to_string(request.children), host.name);
  User user(cluster_, host);
  if (const auto done = store::post_request(user.disk, cluster_.folder, request); !done)
    throw Violation{"a request cannot be posted: " + done.error().message};
}

void World::release_all() {
  store::Request request;
  request.kind = store::RequestKind::Release;
  post(std::move(request));
}

void World::request() {
  Random& random = cluster_.random;
  if (!random.chance(400)) return;
  const store::RequestKind kinds[] = {store::RequestKind::Cancel,  store::RequestKind::Terminate,
                                      store::RequestKind::Hold,    store::RequestKind::Hold,
                                      store::RequestKind::Release, store::RequestKind::Release,
                                      store::RequestKind::Retry,   store::RequestKind::Priority};
  store::Request request;
  request.kind = kinds[random.below(8)];
  const model::JobId job{static_cast<std::uint32_t>(random.below(cluster_.workload->jobs()))};
  const model::JobSpec& spec = cluster_.workload->spec(job);
  request.job = spec.name;
  if (random.chance(600)) {
    const auto first = static_cast<model::ChildIndex>(random.below(spec.size));
    const auto end = static_cast<model::ChildIndex>(random.between(first + 1, spec.size));
    request.children = {{first, end}};
  }
  const bool of_all =
      request.kind == store::RequestKind::Hold || request.kind == store::RequestKind::Release;
  if (of_all && random.chance(200)) request.job.clear();
  request.reason = "a user's wish";
  request.include_succeeded = random.chance(300);
  request.dependents = random.chance(500);
  request.priority = static_cast<std::uint32_t>(random.below(5));
  post(std::move(request));
}

// Chains are short: what goes wrong by chance would seldom meet one.
void World::break_chain(model::JobId job) {
  if (faults_.empty() || !cluster_.random.chance(150)) return;
  cluster_.events.after(cluster_.ms(0, 300), [this, job] {
    if (!cluster_.faults || finished_) return;
    const std::uint64_t dice = cluster_.random.below(4);
    if (dice == 0) return crash_rank_zero();
    if (dice == 1) return crash_starter();
    store::Request request;
    request.kind = dice == 2 ? store::RequestKind::Cancel : store::RequestKind::Terminate;
    request.job = cluster_.workload->spec(job).name;
    request.reason = "a user's wish";
    post(std::move(request));
  });
}

// A bit of what is safe flips, in the journal, in a snapshot or in what a node wrote.
void World::damage() {
  Random& random = cluster_.random;
  if (cluster_.damaged || !random.chance(200)) return;
  const FileSystem& files = cluster_.disk.files();
  std::vector<std::string> paths;
  if (const auto segments = store::list_segments(files, cluster_.folder)) paths = *segments;
  if (const auto names = files.list(cluster_.folder.journal()))
    for (const std::string& name : *names) paths.push_back(cluster_.folder.journal() + "/" + name);
  if (const auto names = store::list_snapshots(files, cluster_.folder))
    paths.insert(paths.end(), names->begin(), names->end());
  if (paths.empty()) return;
  const std::string path = random.pick(paths);
  const auto content = files.read(path, 0, UINT64_MAX);
  // Of a length that no file is ever shorter than: behind the header, and not among the last
  // records.
  if (!content || content->size() < 400) return;
  const std::uint64_t offset = random.between(12, content->size() - 300);
  cluster_.damaged = Cluster::Damage{path, offset};
  cluster_.trace("'{}' is damaged at byte {}", path, offset);
  cluster_.tally(Seen::FileDamaged);
  cluster_.disk.flip(path, offset);
  cluster_.events.after(cluster_.ms(1000, 120'000), [this] { restore(); });
}

void World::restore() {
  if (!cluster_.damaged) return;
  cluster_.trace("'{}' is restored", cluster_.damaged->path);
  cluster_.disk.flip(cluster_.damaged->path, cluster_.damaged->offset);
  cluster_.damaged.reset();
}

// `status`, say, from any host: it sees facts that were written, all of them up to some.
void World::read_run() {
  User user(cluster_, *cluster_.random.pick(cluster_.hosts));
  const auto state = fold_run(user.disk, cluster_.folder);
  if (!state && cluster_.may_be_unreadable()) return;
  if (!state) throw Violation{"a reader cannot read the run: " + state.error().message};
  cluster_.tally(Seen::ReaderLooked);
  const Ledger ledger = cluster_.history->ledger(state->stops, state->last);
  if (std::string wrong = ledger.difference(state->scheduler); !wrong.empty())
    throw Violation{"a reader sees what was never so: " + wrong};
}

void World::compact() {
  if (newest()) newest()->compact();
}

}  // namespace mpibatch::fault
