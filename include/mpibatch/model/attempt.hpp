// How one attempt went, as a starter tells it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <mpibatch/base/time.hpp>
#include <mpibatch/model/ids.hpp>

namespace mpibatch::model {

enum class EndKind : std::uint8_t {
  Exited,       // code: exit code
  Signaled,     // code: signal number
  TimedOut,     // ended by us at its timeout; code: 128 + signal, or the exit code it chose after
                // SIGTERM
  CannotStart,  // no process came to be; code: 127 not found, 126 not executable, 125 anything else
  Stopped,  // ended by us for the run's sake (interrupt, lapse of a lease): is run again, burns no
            // attempt
  OutOfMemory,  // killed because it or its group used more memory than it may; code: 128 + signal
};
constexpr EndKind last_of(EndKind) { return EndKind::OutOfMemory; }

struct Usage {
  Duration wall{0};
  Duration user{0};
  Duration system{0};
  std::uint64_t memory_max_kib = 0;
  bool operator==(const Usage&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& wall& user& system& memory_max_kib;
  }
};

struct AttemptEnd {
  EndKind kind = EndKind::Exited;
  std::int32_t code = 0;
  std::string reason;  // container.reason: at most 255 characters; empty where the code says it all
  Instant started_at{};
  Instant stopped_at{};
  Usage usage;
  bool succeeded() const { return kind == EndKind::Exited && code == 0; }
  bool operator==(const AttemptEnd&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& kind& code& reason& started_at& stopped_at& usage;
  }
};

// container.exitCode as AWS shows it: 128 + signal for a signal.
std::int32_t exit_code(const AttemptEnd& end);
// The attempt's statusReason.
std::string status_reason(const AttemptEnd& end);

}  // namespace mpibatch::model
