// What identifies this host and its boot.
#pragma once

#include <string>

namespace mpibatch {

std::string host_name();  // as `uname -n` says
std::string
boot_id();  // /proc/sys/kernel/random/boot_id; another value after every boot; empty if unknown

// Start time of a process in clock ticks since boot (/proc/PID/stat field 22); 0 if there is no
// such process. Two processes that were given the same pid differ in it.
unsigned long long process_start_ticks(int pid);

// Whether the process that was given this pid at that start time still runs. One that has ended and
// that its parent never collects (a container's process 1 often does not) runs no more.
bool process_runs(int pid, unsigned long long start_ticks);

}  // namespace mpibatch
