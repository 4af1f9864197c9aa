// A node-local file, mapped into memory: which process was started for which execution. What a dead
// starter leaves in it tells the next one what to sweep. The child itself writes its pid, so that
// no moment is missed.
//
// Layout (of this machine's integers: the file never leaves it): Header, padded to kHeaderBytes,
// then kSlots Slots.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/time.hpp>
#include <mpibatch/model/ids.hpp>

namespace mpibatch::node {

// Threads may use it at the same time.
class SlotTable {
 public:
  static constexpr std::uint32_t kSlots = 65'536;

  struct Slot {
    std::int32_t pid = 0;  // 0: free
    std::uint32_t job = 0;
    std::uint32_t child = 0;
    std::uint32_t epoch = 0;
    std::uint32_t grant = 0;
    std::uint32_t reserved = 0;
    std::int64_t boot_us = 0;  // CLOCK_BOOTTIME just before the process was made
  };

  // What a table from before says.
  struct Previous {
    enum class State : std::uint8_t { Missing, Rebooted, OtherNamespace, Here };
    State state = State::Missing;
    std::vector<Slot> used;
    Duration doubt_until{0};  // CLOCK_BOOTTIME: till then a starter nobody could tell of may work
  };
  static Previous read(const std::string& path);

  // Replaces the table by an empty one of this boot and PID namespace.
  static Result<SlotTable> create(const std::string& path, Duration doubt_until);
  SlotTable(SlotTable&& other) noexcept;
  SlotTable& operator=(SlotTable&&) = delete;
  ~SlotTable();

  // There was no earlier starter after all.
  void clear_doubt();

  // Null where all are in use. The child writes `pid` into it.
  Slot* take(const model::ExecutionId& execution, Duration boot_now);
  void release(Slot* slot);
  bool holds(int pid) const;  // some slot in use is this process's

 private:
  explicit SlotTable(void* map) : map_(map) {}
  void* map_ = nullptr;
  mutable std::mutex mutex_;
  std::vector<std::uint32_t> free_;
  std::uint32_t fresh_ = 0;  // slots from here on were never used
};

std::string pid_namespace();  // of this process, as readlink says; empty: unknown

}  // namespace mpibatch::node
