#include "cli/run_inbox.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"

namespace mpibatch::cli {

namespace {

std::string_view verb(store::RequestKind kind) {
  switch (kind) {
    case store::RequestKind::Cancel:
      return "cancel";
    case store::RequestKind::Terminate:
      return "terminate";
    case store::RequestKind::Hold:
      return "hold";
    case store::RequestKind::Release:
      return "release";
    case store::RequestKind::Retry:
      return "retry";
    case store::RequestKind::Priority:
      return "give another priority to";
  }
  return "?";
}

}  // namespace

Result<Inbox> apply_inbox(FileSystem& files, const store::StateFolder& folder,
                          server::OpenedRun& run) {
  Inbox inbox;
  std::vector<std::string> damaged;  // the run's loop tells of them
  const auto requests = store::read_requests(files, folder, damaged);
  if (!requests) return inbox;  // there is none
  scheduler::Scheduler& core = run.scheduler;
  for (const store::Request& request : *requests) {
    if (core.request_known(request.id)) {
      inbox.applied.push_back(request);
      continue;
    }
    const auto event = store::event_of(request, core);
    if (!event) {
      inbox.lines.push_back(event.error().message);
      inbox.applied.push_back(request);
      continue;
    }
    for (const model::Fact& fact : core.on(*event, run.time.began)) {
      if (auto done = core.apply(fact); !done) return tl::unexpected(done.error());
      run.journal->append(fact);
    }
    inbox.applied.push_back(request);
    inbox.lines.push_back(fmt::format("as was asked: {} {}", verb(request.kind),
                                      request.job.empty() ? "all jobs" : printable(request.job)));
  }
  return inbox;
}

}  // namespace mpibatch::cli
