// The states of AWS Batch, the finer ones of a child, and the legal transitions, in one table.
#pragma once

#include <cstdint>
#include <string_view>

namespace mpibatch::model {

// AWS's names; spelled as AWS does only at the edge.
enum class JobStatus : std::uint8_t {
  Submitted,
  Pending,
  Runnable,
  Starting,
  Running,
  Succeeded,
  Failed
};
inline constexpr int kJobStatuses = 7;

// What the scheduler distinguishes for each child (and for a job that is no array: its only child).
// Fits 4 bits.
enum class ChildState : std::uint8_t {
  Waiting,   // a dependency is not met
  Runnable,  // may be granted
  Granted,   // given to a node, not started: RUNNABLE to the user
  Running,   // the node says it started
  Succeeded,
  Failed,            // its last attempt failed
  DependencyFailed,  // never ran: something it depends on failed
  Cancelled,         // a user, or a rule of its queue, ended it
  Skipped,           // never ran: it was for a failure that did not come
  Promised,          // waits, and is given already to the node that has what it waits for: PENDING
};
inline constexpr int kChildStates = 10;

bool legal(ChildState from, ChildState to);
bool terminal(ChildState state);
bool failed(ChildState state);  // Failed, DependencyFailed or Cancelled
bool good(ChildState state);    // Succeeded or Skipped: what waits for it may go on
JobStatus status_of(ChildState state);
std::string_view to_string(JobStatus status);  // "RUNNABLE"
std::string_view to_string(ChildState state);  // "granted"

// statusReason texts, as AWS Batch words them where it has one.
inline constexpr std::string_view kReasonDependency = "Dependent Job failed";
inline constexpr std::string_view kReasonArrayChild = "Array Child Job failed";
inline constexpr std::string_view kReasonTimeout = "Job attempt duration exceeded timeout";
inline constexpr std::string_view kReasonExited = "Essential container in task exited";
inline constexpr std::string_view kReasonCannotStart = "Task failed to start";
inline constexpr std::string_view kReasonSkipped = "Skipped: what it is for did not fail";
inline constexpr std::string_view kReasonOutOfMemory =
    "OutOfMemoryError: Container killed due to memory usage";
inline constexpr std::string_view kReasonStopped =
    "The run stopped this attempt; the job runs again";

}  // namespace mpibatch::model
