// Who rank 0 is. Each life claims the next epoch by exclusive creation of owner.<epoch>, and stops
// as soon as a higher one exists. `owner` follows by rename and may lag behind or, after a slow
// claimer, fall back: readers go on to the highest claim from there. Claims are consecutive and
// stay. Layout: record.hpp, one record, OwnerRecord's fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/store/state_folder.hpp>

namespace mpibatch::store {

struct OwnerRecord {
  std::string run;  // 32 hexadecimal digits, the same for all epochs
  model::Epoch epoch{};
  std::string host;
  std::string boot_id;
  std::string
      pid_namespace;  // as readlink(/proc/self/ns/pid) says; pids of another one mean nothing here
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string supervisor;  // token that a supervisor gives to all the worlds it starts; empty: none
  bool operator==(const OwnerRecord&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& run& epoch& host& boot_id& pid_namespace& pid& start_ticks& supervisor;
  }
};

// The highest claim; none if nobody ever claimed. Damaged if the file is not what was written.
Result<std::optional<OwnerRecord>> read_owner(const FileSystem& files, const StateFolder& folder);

enum class OwnerState : std::uint8_t {
  Gone,     // provably: claim at once
  Alive,    // provably: refuse, naming host and pid
  Unknown,  // watch its counter: claim after 5 s without a raise
};

// `me` is who asks. `start_ticks_of(pid)` says when that process started, 0 if it is gone.
OwnerState judge(const OwnerRecord& owner, const OwnerRecord& me,
                 std::uint64_t (*start_ticks_of)(std::int64_t pid));

// Claims the epoch after the highest; fills in me.epoch. Busy if somebody else claimed it first.
// The claim is synced.
Result<model::Epoch> claim(FileSystem& files, const StateFolder& folder, OwnerRecord me);

// Whether a higher epoch than `mine` was claimed, or the folder holds another run than `run` (an
// old one was set aside; empty: not asked). Errors count as "cannot tell": let nothing leave.
Result<bool> superseded(const FileSystem& files, const StateFolder& folder, model::Epoch mine,
                        const std::string& run = {});

// Not synced: only a rank 0 that is alive raises it.
Result<void> raise_counter(FileSystem& files, const StateFolder& folder, model::Epoch mine,
                           std::uint64_t value);
Result<std::uint64_t> read_counter(const FileSystem& files, const StateFolder& folder,
                                   model::Epoch epoch);  // 0: none, or cut off by a power loss

}  // namespace mpibatch::store
