#include <mpibatch/store/request.hpp>

#include <fmt/format.h>

#include <mpibatch/base/crc32c.hpp>
#include <mpibatch/base/layout.hpp>

namespace mpibatch::store {

namespace {

constexpr std::uint32_t kVersion = 2;
constexpr std::string_view kRequestSuffix = ".request";

std::string path_of(const StateFolder& folder, const std::string& id) {
  return folder.inbox() + "/" + id + std::string(kRequestSuffix);
}

struct Envelope {
  std::uint32_t version = kVersion;
  Request request;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& version& request;
  }
};

bool parse(std::string_view bytes, Request& request) {
  if (bytes.size() < 4) return false;
  std::uint32_t crc = 0;
  if (!from_layout(bytes.substr(0, 4), crc) || crc != crc32c(bytes.substr(4))) return false;
  Envelope envelope;
  if (!from_layout(bytes.substr(4), envelope) || envelope.version != kVersion) return false;
  request = std::move(envelope.request);
  return model::well_formed(request.children);
}

}  // namespace

Result<void> post_request(FileSystem& files, const StateFolder& folder, const Request& request) {
  const std::string body = to_layout(Envelope{kVersion, request});
  const std::string temporary = path_of(folder, request.id) + ".tmp";
  if (auto made = files.make_folder(folder.inbox()); !made) return made;
  auto file = files.create_exclusive(temporary);
  if (!file) return tl::unexpected(file.error());
  if (auto done = (*file)->append(to_layout(crc32c(body)) + body); !done) return done;
  if (auto done = (*file)->sync(); !done) return done;
  return files.rename(temporary, path_of(folder, request.id));
}

Result<std::vector<Request>> read_requests(const FileSystem& files, const StateFolder& folder,
                                           std::vector<std::string>& damaged) {
  const auto names = files.list(folder.inbox());
  if (!names) return tl::unexpected(names.error());
  std::vector<Request> requests;
  for (const std::string& name : *names) {
    if (!name.ends_with(kRequestSuffix)) continue;
    const std::string path = folder.inbox() + "/" + name;
    const auto bytes = files.read(path, 0, UINT64_MAX);
    if (!bytes) continue;  // somebody else has just removed it
    Request request;
    if (parse(*bytes, request)) {
      requests.push_back(std::move(request));
    } else {
      damaged.push_back(path);
    }
  }
  return requests;
}

Result<void> remove_request(FileSystem& files, const StateFolder& folder, const Request& request) {
  return files.remove(path_of(folder, request.id));
}

Result<scheduler::Event> event_of(const Request& request, const scheduler::Scheduler& core) {
  const bool of_all = request.job.empty() &&
                      (request.kind == RequestKind::Hold || request.kind == RequestKind::Release);
  const bool hold = request.kind == RequestKind::Hold;
  if (of_all) return scheduler::HoldJob{request.id, std::nullopt, {}, hold};
  const auto job = core.find(request.job);
  const bool stale = !request.children.empty() && request.revision != core.revision();
  if (!job || !core.in_plan(*job) || stale)
    return fail(ErrorKind::NotFound, fmt::format("a request for job '{}' came too late: the plan "
                                                 "has changed. Ask again",
                                                 request.job));
  const model::Ranges children =
      request.children.empty() ? model::Ranges{{0, core.size(*job)}} : request.children;
  switch (request.kind) {
    case RequestKind::Cancel:
      return scheduler::CancelJob{request.id, *job, children, request.reason, false};
    case RequestKind::Terminate:
      return scheduler::CancelJob{request.id, *job, children, request.reason, true};
    case RequestKind::Hold:
    case RequestKind::Release:
      return scheduler::HoldJob{request.id, *job, children, hold};
    case RequestKind::Retry:
      return scheduler::RetryJob{request.id, *job, children, request.include_succeeded,
                                 request.dependents};
    case RequestKind::Priority:
      return scheduler::SetPriority{request.id, *job, request.priority};
  }
  return fail(ErrorKind::Damaged, "a request of an unknown kind");
}

}  // namespace mpibatch::store
