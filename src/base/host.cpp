#include <mpibatch/base/host.hpp>

#include <sys/utsname.h>

#include <fstream>
#include <sstream>

namespace mpibatch {
namespace {

// Of /proc/PID/stat: what comes after the command's name, which may hold anything.
struct ProcessStat {
  char state = 'X';
  int threads = 0;
  unsigned long long start_ticks = 0;  // 0: there is no such process
};

ProcessStat read_stat(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line, '\0');
  const std::size_t name_end = line.rfind(')');
  ProcessStat stat;
  if (name_end == std::string::npos) return stat;
  std::istringstream fields(line.substr(name_end + 1));
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field < 20; ++field) fields >> skipped;
  fields >> stat.threads >> skipped >> stat.start_ticks;
  if (!fields) return {};
  return stat;
}

}  // namespace

std::string host_name() {
  utsname names{};
  ::uname(&names);
  return names.nodename;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string line;
  std::getline(file, line);
  return line;
}

unsigned long long process_start_ticks(int pid) { return read_stat(pid).start_ticks; }

bool process_runs(int pid, unsigned long long start_ticks) {
  const ProcessStat stat = read_stat(pid);
  if (stat.start_ticks == 0 || stat.start_ticks != start_ticks) return false;
  // A main thread that has ended shows as a zombie while others go on.
  const bool ended = stat.state == 'Z' || stat.state == 'X';
  return !ended || stat.threads > 1;
}

}  // namespace mpibatch
