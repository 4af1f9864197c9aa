#include <mpibatch/model/attempt.hpp>

#include <mpibatch/model/state.hpp>

namespace mpibatch::model {

std::int32_t exit_code(const AttemptEnd& end) {
  constexpr std::int32_t kSignalBase = 128;  // as shells and container runtimes count
  return end.kind == EndKind::Signaled ? kSignalBase + end.code : end.code;
}

std::string status_reason(const AttemptEnd& end) {
  switch (end.kind) {
    case EndKind::Exited:
    case EndKind::Signaled:
      return std::string(kReasonExited);
    case EndKind::TimedOut:
      return std::string(kReasonTimeout);
    case EndKind::CannotStart:
      return std::string(kReasonCannotStart);
    case EndKind::OutOfMemory:
      return std::string(kReasonOutOfMemory);
    case EndKind::Stopped:
      return std::string(kReasonStopped);
  }
  return "Unknown kind of end " + std::to_string(static_cast<int>(end.kind));
}

}  // namespace mpibatch::model
