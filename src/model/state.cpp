#include <mpibatch/model/state.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>

namespace mpibatch::model {
namespace {

constexpr unsigned bit(ChildState state) { return 1U << static_cast<unsigned>(state); }

constexpr std::uint16_t set_of(std::initializer_list<ChildState> states) {
  unsigned bits = 0;
  for (const ChildState state : states) bits |= bit(state);
  return static_cast<std::uint16_t>(bits);
}

// For each state, in order, the states that may follow it. An end may be known without its start:
// a starter died in between, or reports both at once. What comes back unfinished waits where a new
// plan changed what it depends on. Reopening leads back to Waiting; what has succeeded, and what a
// user ended, stays.
constexpr auto kFollowers = [] {
  using enum ChildState;
  return std::array<std::uint16_t, kChildStates>{
      /* Waiting          */ set_of(
          {Runnable, Failed, DependencyFailed, Cancelled, Skipped, Promised}),
      /* Runnable         */ set_of({Granted, Failed, Cancelled}),
      /* Granted          */ set_of({Waiting, Running, Runnable, Succeeded, Failed, Cancelled}),
      /* Running          */ set_of({Waiting, Runnable, Succeeded, Failed, Cancelled}),
      /* Succeeded        */ set_of({}),
      /* Failed           */ set_of({Waiting}),
      /* DependencyFailed */ set_of({Waiting}),
      /* Cancelled        */ set_of({}),
      /* Skipped          */ set_of({}),
      /* Promised         */ set_of({Waiting, Runnable, Granted, Failed, Cancelled}),
  };
}();

}  // namespace

bool legal(ChildState from, ChildState to) {
  return (kFollowers[static_cast<std::size_t>(from)] & bit(to)) != 0;
}

bool terminal(ChildState state) {
  using enum ChildState;
  return (set_of({Succeeded, Failed, DependencyFailed, Cancelled, Skipped}) & bit(state)) != 0;
}

bool failed(ChildState state) {
  using enum ChildState;
  return (set_of({Failed, DependencyFailed, Cancelled}) & bit(state)) != 0;
}

bool good(ChildState state) {
  using enum ChildState;
  return (set_of({Succeeded, Skipped}) & bit(state)) != 0;
}

JobStatus status_of(ChildState state) {
  using enum ChildState;
  switch (state) {
    case Waiting:
    case Promised:
      return JobStatus::Pending;
    case Runnable:
    case Granted:
      return JobStatus::Runnable;
    case Running:
      return JobStatus::Running;
    case Succeeded:
    case Skipped:
      return JobStatus::Succeeded;
    case Failed:
    case DependencyFailed:
    case Cancelled:
      return JobStatus::Failed;
  }
  return JobStatus::Failed;
}

std::string_view to_string(JobStatus status) {
  switch (status) {
    case JobStatus::Submitted:
      return "SUBMITTED";
    case JobStatus::Pending:
      return "PENDING";
    case JobStatus::Runnable:
      return "RUNNABLE";
    case JobStatus::Starting:
      return "STARTING";
    case JobStatus::Running:
      return "RUNNING";
    case JobStatus::Succeeded:
      return "SUCCEEDED";
    case JobStatus::Failed:
      return "FAILED";
  }
  return "UNKNOWN";
}

std::string_view to_string(ChildState state) {
  using enum ChildState;
  switch (state) {
    case Waiting:
      return "waiting";
    case Runnable:
      return "runnable";
    case Granted:
      return "granted";
    case Running:
      return "running";
    case Succeeded:
      return "succeeded";
    case Failed:
      return "failed";
    case DependencyFailed:
      return "dependency failed";
    case Cancelled:
      return "cancelled";
    case Skipped:
      return "skipped";
    case Promised:
      return "promised";
  }
  return "unknown";
}

}  // namespace mpibatch::model
