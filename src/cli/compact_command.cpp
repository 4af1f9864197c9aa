#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <string>

#include <mpibatch/store/snapshot.hpp>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/reading.hpp"
#include "cli/state_option.hpp"

namespace mpibatch::cli {

namespace {

struct CompactOptions {
  std::string state;
  std::string upto;
  bool child = false;
};

// "2.170": the 170th fact of the second epoch.
Result<store::FactNumber> parse_fact(const std::string& text) {
  if (text.empty()) return store::kLastFact;
  std::uint32_t epoch = 0;
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, epoch);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '.') {
    const auto second = std::from_chars(first.ptr + 1, end, number);
    if (second.ec == std::errc{} && second.ptr == end)
      return store::FactNumber{model::Epoch{epoch}, number};
  }
  return fail(ErrorKind::Usage,
              fmt::format("--upto '{}' is no fact: write EPOCH.NUMBER, as in 2.170", text));
}

store::PlanTextsSource texts_from_plan(const FileSystem& files, const store::StateFolder& folder) {
  return [&](const scheduler::Scheduler& core) -> Result<store::PlanTexts> {
    if (model::number_of(core.revision()) == 0) return store::PlanTexts{};
    auto loaded = PlanCopy::load(files, folder, core);
    if (!loaded) return tl::unexpected(loaded.error());
    const auto plan = std::make_shared<const PlanCopy>(std::move(*loaded));
    return store::PlanTexts{
        [plan](model::JobId job, model::ChildIndex child) { return plan->key(job, child); },
        [plan](model::JobId job) { return plan->definition(job); }};
  };
}

// state.h5 is the newest snapshot, also where another process has made a newer one meanwhile.
Result<bool> publish(PosixFileSystem& files, const store::StateFolder& folder,
                     const std::string& path) {
  const auto all = store::list_snapshots(files, folder);
  if (!all) return tl::unexpected(all.error());
  if (all->empty() || all->back() != path) return false;
  if (auto done = store::publish_snapshot(files, folder, path); !done)
    return tl::unexpected(done.error());
  return true;
}

int compact(const CompactOptions& options, PosixFileSystem& files) {
  // Started by a rank 0: it must not outlive it, for the next one makes its own.
  if (options.child) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto upto = parse_fact(options.upto);
  if (!upto) return report(upto.error());
  const auto folder = find_state_folder(files, options.state, current_folder());
  if (!folder) return report(folder.error());
  const auto made = store::compact(files, *folder, texts_from_plan(files, *folder), *upto);
  if (!made) return report(made.error());
  const auto published = publish(files, *folder, made->path);
  if (!published) return report(published.error());
  // For rank 0, which knows that fact to be safe.
  if (options.child && !options.upto.empty())
    if (const auto deleted = store::delete_covered(files, *folder, *upto); !deleted)
      return report(deleted.error());
  return print_or_report(fmt::format("{} holds the state after fact {}.{}{}\n", made->path,
                                     model::number_of(made->last.epoch), made->last.number,
                                     *published ? "; it is " + folder->state() + " now" : ""));
}

}  // namespace

void add_compact(CLI::App& app, Context& context) {
  auto options = std::make_shared<CompactOptions>();
  CLI::App* command = app.add_subcommand(
      "compact", "write state.h5 anew from the journal; a run does it by itself");
  add_state_option(*command, options->state);
  command->add_option("--upto", options->upto, "only up to this fact (default: all of them)")
      ->type_name("EPOCH.NUMBER");
  command->add_flag("--child", options->child)->group("");
  command->footer(
      "Example:\n"
      "  mpibatch compact && h5dump -d /jobs plan.mpibatch/state.h5");
  command->callback([options, &context] { context.exit_code = compact(*options, context.files); });
}

}  // namespace mpibatch::cli
