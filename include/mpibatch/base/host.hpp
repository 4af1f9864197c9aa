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

}  // namespace mpibatch
