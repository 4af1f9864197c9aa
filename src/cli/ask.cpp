#include "cli/ask.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/random.hpp>

#include "cli/output.hpp"
#include "cli/rank_0.hpp"

namespace mpibatch::cli {

namespace {

constexpr std::size_t kReasonBytesMax = 1024;  // of AWS Batch's CancelJob and TerminateJob
constexpr int kRandomDigits = 16;

}  // namespace

Result<Target> find_target(const FileSystem& files, const std::string& state,
                           const std::string& job) {
  auto run = read_run(files, state);
  if (!run) return tl::unexpected(run.error());
  const auto plan = PlanCopy::load(files, run->folder, run->core());
  if (!plan) return tl::unexpected(plan.error());
  const auto choice = plan->find(job);
  if (!choice) return tl::unexpected(choice.error());
  scheduler::Counts counts;
  if (choice->child)
    counts.of[static_cast<std::size_t>(run->core().state(choice->job, *choice->child))] = 1;
  else
    counts = run->core().counts(choice->job);
  std::string name = printable(plan->name(choice->job, choice->child));
  return Target{std::move(*run), *choice, std::move(name), counts};
}

store::Request request_of(store::RequestKind kind) {
  store::Request request;
  // Requests are applied in the order of their names: what was asked later has the last word.
  request.id = fmt::format("{:016x}{}", static_cast<std::uint64_t>(SystemClock{}.wall().count()),
                           random_hex(kRandomDigits));
  request.kind = kind;
  return request;
}

store::Request request_for(const Target& target, store::RequestKind kind) {
  store::Request request = request_of(kind);
  request.job = std::string(target.run.core().name(target.choice.job));
  request.revision = target.run.core().revision();
  if (const auto child = target.choice.child) request.children = {{*child, *child + 1}};
  return request;
}

Result<void> check_reason(const std::string& reason) {
  if (reason.size() <= kReasonBytesMax) return {};
  return fail(ErrorKind::Usage, fmt::format("--reason is longer than {} characters: AWS Batch "
                                            "takes no more",
                                            kReasonBytesMax));
}

std::string user_name() {
  const passwd* user = ::getpwuid(::getuid());
  return user != nullptr ? std::string(user->pw_name) : std::to_string(::getuid());
}

int ask(PosixFileSystem& files, const RunReading& run, const store::Request& request,
        const std::string& what) {
  if (auto posted = store::post_request(files, run.folder, request); !posted)
    return report(posted.error());
  const auto rank_0 = find_rank_0(files, run);
  if (!rank_0) return report(rank_0.error());
  if (rank_0->alive && !run.core().finished())
    return print_or_report(fmt::format("asked rank 0 on host '{}' (process {}) {}\n",
                                       rank_0->owner.host, rank_0->owner.pid, what));
  return print_or_report(fmt::format(
      "asked {}\nno rank 0 is running: it will be applied by the next `mpibatch run`\n", what));
}

}  // namespace mpibatch::cli
