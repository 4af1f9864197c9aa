#include "node/proc.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "node/environment.hpp"

namespace mpibatch::node {

namespace {

std::string read_whole(const char* path) {
  UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file) return text;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = ::read(file.get(), buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<std::size_t>(size));
  return text;
}

std::string proc_path(int pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

}  // namespace

std::optional<ProcessInfo> read_process(int pid) {
  const std::string text = read_whole(proc_path(pid, "stat").c_str());
  const std::size_t name_end = text.rfind(')');  // the name itself may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  ProcessInfo info;
  info.pid = pid;
  // Fields 3 to 5, and 22.
  const char* rest = text.c_str() + name_end + 1;
  if (std::sscanf(rest,
                  " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                  &info.state, &info.parent, &info.group, &info.start_ticks) != 4)
    return std::nullopt;
  return info;
}

std::vector<int> all_processes() {
  std::vector<int> pids;
  DIR* folder = ::opendir("/proc");
  if (!folder) return pids;
  while (const dirent* entry = ::readdir(folder))
    if (const int pid = std::atoi(entry->d_name); pid > 0) pids.push_back(pid);
  ::closedir(folder);
  return pids;
}

std::optional<std::string> token_of_process(int pid) {
  const std::string environment = read_whole(proc_path(pid, "environ").c_str());
  const std::string start = std::string(kTokenVariable) + "=";
  for (std::size_t at = 0; at < environment.size();) {
    const std::size_t end = std::min(environment.find('\0', at), environment.size());
    if (environment.compare(at, start.size(), start) == 0)
      return environment.substr(at + start.size(), end - at - start.size());
    at = end + 1;
  }
  return std::nullopt;
}

int kill_by_token(const std::string& token) {
  int alive = 0;
  for (const int pid : all_processes()) {
    if (pid == ::getpid()) continue;
    const std::optional<std::string> its = token_of_process(pid);
    if (!its || !(*its == token || (token.back() == '.' && its->starts_with(token)))) continue;
    const std::optional<ProcessInfo> info = read_process(pid);
    if (!info || info->ended()) continue;
    ++alive;
    ::kill(pid, SIGKILL);
  }
  return alive;
}

ChildList::ChildList()
    : file_(::open(("/proc/self/task/" + std::to_string(::getpid()) + "/children").c_str(),
                   O_RDONLY | O_CLOEXEC)) {}

// One that leaves the list while it is read can hide the one behind it: then it is read once more,
// until nothing has changed. Most often it is empty.
std::vector<int> ChildList::read() const {
  std::vector<int> children = read_once();
  while (!children.empty()) {
    std::vector<int> again = read_once();
    if (again == children) break;
    children = std::move(again);
  }
  return children;
}

std::vector<int> ChildList::read_once() const {
  std::vector<int> children;
  if (!file_) {
    for (const int pid : all_processes())
      if (const auto info = read_process(pid); info && info->parent == ::getpid())
        children.push_back(pid);
    return children;
  }
  std::string text;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = ::pread(file_.get(), buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0)
    text.append(buffer, static_cast<std::size_t>(size));
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    const long pid = std::strtol(at, &end, 10);
    if (end == at) break;
    children.push_back(static_cast<int>(pid));
    at = *end == ' ' ? end + 1 : end;
  }
  return children;
}

}  // namespace mpibatch::node
