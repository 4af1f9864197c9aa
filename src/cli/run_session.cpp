#include "cli/run_session.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include <mpibatch/base/shell_quote.hpp>
#include <mpibatch/node/agent.hpp>
#include <mpibatch/node/launch.hpp>
#include <mpibatch/server/open_run.hpp>
#include <mpibatch/store/surroundings.hpp>
#include <mpibatch/transport/mpi_world.hpp>

#include "cli/job_reference.hpp"
#include "cli/run_inbox.hpp"
#include "cli/run_orders.hpp"
#include "cli/run_plan.hpp"
#include "cli/run_ports.hpp"
#include "cli/run_progress.hpp"
#include "cli/run_snapshots.hpp"
#include "cli/run_summary.hpp"
#include "cli/run_world.hpp"
#include "cli/walltime.hpp"

namespace mpibatch::cli {

namespace {

// The submitting shell, for attempts on every node.
protocol::Surroundings capture_surroundings() {
  protocol::Surroundings found;
  found.environment = node::strip_mpi_variables(node::current_environment());
  found.working_directory = std::filesystem::current_path().string();
  found.umask = ::umask(022);
  ::umask(found.umask);
  for (int resource = 0; resource < RLIMIT_NLIMITS; ++resource) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0)
      found.limits.push_back({resource, limit.rlim_cur, limit.rlim_max});
  }
  return found;
}

int catch_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);  // before any thread is started
  return ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

class RunObserver final : public server::Observer {
 public:
  RunObserver(Progress& progress, Snapshots& snapshots, bool verbose)
      : progress_(progress), snapshots_(snapshots), verbose_(verbose) {}

  void facts(const std::vector<model::Fact>& facts, const scheduler::Scheduler&) override {
    if (!verbose_) return;
    for (const model::Fact& fact : facts) progress_.say(model::to_string(fact));
  }
  void tell(const server::Tell& line) override {
    progress_.say((line.warning ? "warning: " : "") + line.message);
  }
  void idle(const scheduler::Scheduler& scheduler, Instant now) override {
    progress_.show(scheduler, now);
  }
  void journal_grew(std::uint64_t bytes, store::FactNumber synced) override {
    snapshots_.journal_grew(bytes, synced);
  }

 private:
  Progress& progress_;
  Snapshots& snapshots_;
  bool verbose_;
};

server::CoordinatorSettings settings_of(const RunOptions& options, const server::OpenedRun& run,
                                        std::uint32_t nodes_expected) {
  server::CoordinatorSettings settings;
  settings.run = run.owner.run;
  settings.epoch = run.owner.epoch;
  settings.state_folder = options.state;
  settings.nonce = run.nonce;
  settings.lease = options.lease;
  settings.grace = options.grace;
  settings.nodes_expected = nodes_expected;
  settings.claimed_at = run.time.began;
  settings.waits_count_on = run.waits_count_on;
  return settings;
}

int code_of(server::RunEnd end) {
  switch (end) {
    case server::RunEnd::Succeeded:
      return kSucceeded;
    case server::RunEnd::SomeFailed:
      return kSomeFailed;
    case server::RunEnd::Refused:
      return kBadUsage;
    case server::RunEnd::Interrupted:
    case server::RunEnd::Stuck:
      return kInterrupted;
  }
  return kBadUsage;
}

// An old state folder steps aside under the first free name; nothing of it is deleted.
Result<std::string> set_aside(FileSystem& files, const std::string& path) {
  for (int number = 1;; ++number) {
    const std::string aside = fmt::format("{}.{}", path, number);
    if (files.exists(aside)) continue;
    if (auto done = files.rename(path, aside); !done) return tl::unexpected(done.error());
    return aside;
  }
}

class Session {
 public:
  Session(const RunOptions& options, Context& context)
      : options_(options),
        context_(context),
        folder_{options.state},
        progress_(::isatty(STDERR_FILENO) == 1, options.quiet),
        signals_(catch_signals()) {
    if (started_as_rank()) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }

  int run(const plan::LoadedPlan& loaded) {
    if (options_.fresh)
      if (auto done = start_anew(); !done) return refuse(done.error());
    auto opened = server::open_run(context_.files, folder_, clock_);
    if (!opened) return refuse(opened.error());
    const bool was_finished = opened->scheduler.finished();
    const auto inbox = apply_inbox(context_.files, folder_, *opened);
    if (!inbox) return refuse(inbox.error());
    const auto adopted =
        adopt_plan(context_.files, folder_, *opened, loaded, options_, was_finished);
    if (!adopted) return refuse(adopted.error());
    const auto only = chosen(loaded.plan, adopted->ids);
    if (!only) return refuse(only.error());
    for (const std::string& line : inbox->lines) progress_.say(line);
    for (const std::string& line : adopted->lines) progress_.say(line);
    for (const std::string& notice : loaded.notices) progress_.say(notice);

    Snapshots snapshots(mpibatch_executable(), folder_.path, opened->existed);
    if (adopted->nothing_to_do) {
      dismiss_world(context_);
      if (auto done = settle(*opened, *inbox); !done) return refuse(done.error());
      return finish(snapshots, {{scheduler_code(opened->scheduler), {}}, false});
    }
    server::CoordinatorSettings settings = settings_of(options_, *opened, world_size());
    settings.only = *only;
    settings.allocation = allocation(opened->time);
    settings.surroundings = capture_surroundings();
    if (auto saved = store::save_surroundings(context_.files, folder_, settings.surroundings);
        !saved)
      return refuse(saved.error());
    time_ = opened->time;
    const PlanWork work(loaded.plan, adopted->ids);
    const std::string copy = folder_.plan(opened->scheduler.revision());
    const auto settle = [&]() -> Result<void> {  // on the committer's thread
      if (!adopted->revised) return {};
      if (auto done = plan::sync_copy(context_.files, copy, loaded); !done) return done;
      return context_.files.sync_folder(folder_.plan());
    };
    return finish(snapshots,
                  drive(*opened, std::move(settings), work, snapshots, context_.world, settle));
  }

 private:
  static server::RunEnd scheduler_code(const scheduler::Scheduler& core) {
    const scheduler::Counts counts = core.counts();
    return counts.good() == counts.total() ? server::RunEnd::Succeeded : server::RunEnd::SomeFailed;
  }

  using Only = std::vector<std::pair<model::JobId, model::Ranges>>;
  Result<Only> chosen(const model::Plan& plan, const std::vector<model::JobId>& ids) const {
    Only only;
    for (const std::string& text : options_.only) {
      const auto place = find_job(plan, text);
      if (!place) return tl::unexpected(place.error());
      const model::ChildIndex size = plan.jobs[place->job].spec.size;
      const model::Ranges children = place->child
                                         ? model::Ranges{{*place->child, *place->child + 1}}
                                         : model::Ranges{{0, size}};
      only.emplace_back(ids[place->job], children);
    }
    return only;
  }

  // On the run's clock.
  std::optional<server::Allocation> allocation(const server::RunTime& time) const {
    const Instant now = time.now(clock_);
    if (options_.walltime) return server::Allocation{now, now + *options_.walltime};
    const auto span = slurm_time([](const char* name) -> const char* { return std::getenv(name); },
                                 clock_.wall());
    if (!span) return std::nullopt;
    return server::Allocation{now + span->begin, now + span->end};
  }

  // What waited in the inbox changed nothing that is left to do: it is journaled here and now.
  Result<void> settle(server::OpenedRun& run, const Inbox& inbox) {
    if (inbox.applied.empty()) return {};
    if (auto done = run.journal->commit(); !done) return tl::unexpected(done.error());
    for (const store::Request& request : inbox.applied)
      (void)store::remove_request(context_.files, folder_, request);
    return {};
  }

  std::uint32_t world_size() const {
    return context_.world == nullptr ? 1 : static_cast<std::uint32_t>(context_.world->size());
  }

  int refuse(const Error& error) {
    dismiss_world(context_);
    progress_.say(error.message);
    return kBadUsage;
  }

  // `world`: null where only this host takes part.
  server::LoopResult drive(server::OpenedRun& opened, server::CoordinatorSettings settings,
                           const PlanWork& work, Snapshots& snapshots, transport::MpiWorld* world,
                           std::function<Result<void>()> settle) {
    const Orders orders{true, opened.owner.run, folder_.path, options_.cpus_per_node,
                        options_.lease};
    give_orders(world, orders);
    RunObserver observer(progress_, snapshots, options_.verbose);
    server::RunLoopParts parts{context_.files,    clock_,
                               folder_,           opened.time,
                               opened.owner,      std::move(opened.journal),
                               std::move(settle), make_ports(orders, world, opened.scheduler),
                               observer,          signals_};
    server::Coordinator coordinator(std::move(settings), std::move(opened.scheduler), work);
    return server::run_loop(coordinator, std::move(parts));
  }

  // --fresh: what the old run still has out ends first.
  Result<void> start_anew() {
    if (!context_.files.exists(folder_.path)) return {};
    auto opened = server::open_run(context_.files, folder_, clock_);
    if (!opened) return tl::unexpected(opened.error());
    if (!opened->scheduler.grants().empty()) {
      Snapshots none(mpibatch_executable(), folder_.path, false);
      server::CoordinatorSettings settings = settings_of(options_, *opened, 1);
      settings.end_at_once = true;
      const model::Plan nothing;
      (void)drive(*opened, std::move(settings), PlanWork(nothing, {}), none, nullptr, nullptr);
    }
    const auto aside = set_aside(context_.files, folder_.path);
    if (!aside) return tl::unexpected(aside.error());
    progress_.say(fmt::format("the old state is now '{}'", *aside));
    return {};
  }

  int finish(Snapshots& snapshots, const server::LoopResult& result) {
    progress_.finish();
    if (result.superseded) {
      progress_.say(result.run.reasons.front());
      return kInterrupted;
    }
    const bool good_snapshot = snapshots.make_last();
    print_summary(
        context_.files, folder_, result.run,
        {time_ ? time_->now(clock_) - time_->began : Duration{0}, again(), !options_.only.empty()});
    if (!good_snapshot)
      progress_.say("warning: state.h5 could not be written; the journal has everything");
    return code_of(result.run.end);
  }

  // Options that were about this time alone.
  static bool once(const std::string& word) {
    return word == "--fresh" || word == "--accept" || word == "--keep-failed";
  }

  // The command as it was typed, less the launcher's part.
  std::string again() const {
    std::string command = started_as_rank() ? "mpirun … mpibatch" : "mpibatch";
    const std::vector<std::string>& words = context_.arguments;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "--") {  // the rest is a command
        for (; i < words.size(); ++i) command += " " + shell_quote(words[i]);
      } else if (words[i] == "--only") {
        ++i;
      } else if (!once(words[i]) && !words[i].starts_with("--only=")) {
        command += " " + shell_quote(words[i]);
      }
    }
    return command;
  }

  const RunOptions& options_;
  Context& context_;
  const store::StateFolder folder_;
  SystemClock clock_;
  Progress progress_;
  const int signals_;
  std::optional<server::RunTime> time_;
};

}  // namespace

int run_rank_0(const RunOptions& options, const plan::LoadedPlan& loaded, Context& context) {
  return Session(options, context).run(loaded);
}

int run_agent_rank(Context& context) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Orders orders = take_orders(*context.world);
  if (!orders.go) return kSucceeded;
  const std::unique_ptr<transport::Link> rank_0 = context.world->link(0);
  return node::run_agent(launch_options(orders, context.world), *rank_0);
}

void dismiss_world(Context& context) { give_orders(context.world, {}); }

}  // namespace mpibatch::cli
