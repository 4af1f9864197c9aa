// What a user asks of a run that somebody else drives: a file in inbox/, written whole (temporary
// name, then rename), applied once by whichever rank 0 reads it (its id is in the fact), and
// removed after that fact's commit. Layout: u32 CRC-32C of the rest, u32 version, then Request's
// fields.
#pragma once

#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/ranges.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

// Cancel: what has not started ends as FAILED with this reason (AWS Batch's CancelJob).
struct Request {
  std::string id;              // 32 hexadecimal digits
  std::string job;             // name
  model::Revision revision{};  // of the plan whose indices `children` means
  model::Ranges children;      // empty: all of them
  std::string reason;          // at most 1,024 characters
  bool operator==(const Request&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id& job& revision& children& reason;
  }
};

Result<void> post_request(FileSystem& files, const StateFolder& folder, const Request& request);
// In the order of their names. A damaged file is left out and named in `damaged`.
Result<std::vector<Request>> read_requests(const FileSystem& files, const StateFolder& folder,
                                           std::vector<std::string>& damaged);
Result<void> remove_request(FileSystem& files, const StateFolder& folder, const Request& request);

}  // namespace mpibatch::store
