// How a command asks something of a run that somebody else drives: it puts a request into the
// inbox, and says who will take it.
#pragma once

#include <string>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/scheduler/scheduler.hpp>
#include <mpibatch/store/request.hpp>

#include "cli/reading.hpp"

namespace mpibatch::cli {

// What a user named: JOB, JOB:INDEX or JOB:KEY of a run.
struct Target {
  RunReading run;
  JobChoice choice;
  std::string name;          // "align", "align:NA017", as it may be printed
  scheduler::Counts counts;  // of its children
};
Result<Target> find_target(const FileSystem& files, const std::string& state,
                           const std::string& job);

// With an id of its own.
store::Request request_of(store::RequestKind kind);
store::Request request_for(const Target& target, store::RequestKind kind);

// Usage where it is longer than AWS Batch takes.
Result<void> check_reason(const std::string& reason);
std::string user_name();

// "asked rank 0 … `what`"; with no rank 0, that the next run applies it. Returns the exit code.
int ask(PosixFileSystem& files, const RunReading& run, const store::Request& request,
        const std::string& what);

}  // namespace mpibatch::cli
