// What a user asks of a run that somebody else drives: a file in inbox/, written whole (temporary
// name, then rename), applied once by whichever rank 0 reads it (its id is in the fact), and
// removed after that fact's commit. Layout: u32 CRC-32C of the rest, u32 version, then Request's
// fields.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/ranges.hpp>
#include <mpibatch/scheduler/scheduler.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

enum class RequestKind : std::uint8_t {
  Cancel,     // what has not started ends as FAILED with `reason` (AWS Batch's CancelJob)
  Terminate,  // … and what runs, too (TerminateJob)
  Hold,       // nothing of it starts
  Release,    // … but now it may; failures that hold it are forgiven
  Retry,      // what failed runs again
  Priority,   // its place among the others of its queue
};
constexpr RequestKind last_of(RequestKind) { return RequestKind::Priority; }

struct Request {
  std::string id;  // 32 hexadecimal digits: when it was asked, and random ones
  RequestKind kind = RequestKind::Cancel;
  std::string job;                 // name; of Hold and Release: empty for all jobs
  model::Revision revision{};      // of the plan whose indices `children` means
  model::Ranges children;          // empty: all of them
  std::string reason;              // of Cancel and Terminate: at most 1,024 characters
  bool include_succeeded = false;  // of Retry: good work as well
  bool dependents = false;         // … and all that depends on it
  std::uint32_t priority = 0;      // of Priority
  bool operator==(const Request&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id& kind& job& revision& children& reason& include_succeeded& dependents& priority;
  }
};

Result<void> post_request(FileSystem& files, const StateFolder& folder, const Request& request);
// In the order of their names, that is, as they were asked. A damaged file is left out and named in
// `damaged`.
Result<std::vector<Request>> read_requests(const FileSystem& files, const StateFolder& folder,
                                           std::vector<std::string>& damaged);
Result<void> remove_request(FileSystem& files, const StateFolder& folder, const Request& request);

// What the core makes of it. NotFound where the plan has changed since: it means nothing any more.
Result<scheduler::Event> event_of(const Request& request, const scheduler::Scheduler& core);

}  // namespace mpibatch::store
