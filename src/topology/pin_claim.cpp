#include <mpibatch/topology/pin_claim.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include <mpibatch/base/host.hpp>
#include <mpibatch/base/random.hpp>
#include "topology/cpu_list.hpp"
#include "topology/memory_limit.hpp"

namespace mpibatch::topology {

namespace {

// A claim file holds its run and its CPUs, a line each, and is locked by its process. It is written
// and locked under another name and then renamed: one that is not locked is dead.
struct Claim {
  std::string run;
  std::optional<std::vector<std::uint32_t>> cpus;  // none: not understood
};

constexpr int kLockTries = 100;  // of a millisecond each, for the lock around look and claim

bool lock(int file, int how) {
  while (true) {
    if (::flock(file, how) == 0) return true;
    if (errno != EINTR) return false;
  }
}

// A folder of this user's own that nobody else can write to.
bool is_private_folder(const std::string& path) {
  ::mkdir(path.c_str(), 0700);
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

// Keeps two runs from looking and claiming at the same moment. Somebody who was stopped with the
// lock is not waited for: then two runs that start together may both pin, or both not.
UniqueFd lock_folder(const std::string& folder) {
  UniqueFd file(
      ::open((folder + "/pin.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  for (int i = 0; file && i < kLockTries && !lock(file.get(), LOCK_EX | LOCK_NB); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  return file;
}

std::vector<std::string> claim_files(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> names;
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) return names;
  while (const dirent* entry = ::readdir(open))
    if (std::string name = entry->d_name; name.compare(0, prefix.size(), prefix) == 0)
      names.push_back(folder + "/" + name);
  ::closedir(open);
  std::sort(names.begin(), names.end());
  return names;
}

// None if its process has gone: then the file goes, too.
std::optional<Claim> live_claim(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return std::nullopt;
  // Shared, so that two who look at once do not take each other for the owner.
  if (lock(file.get(), LOCK_SH | LOCK_NB)) {
    ::unlink(path.c_str());
    return std::nullopt;
  }
  std::istringstream text(read_text(path));
  Claim claim;
  std::string cpus;
  std::getline(text, claim.run);
  std::getline(text, cpus);
  claim.cpus = parse_cpu_list(cpus);
  return claim;
}

bool overlap(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  return std::any_of(a.begin(), a.end(), [&](std::uint32_t cpu) {
    return std::find(b.begin(), b.end(), cpu) != b.end();
  });
}

Result<UniqueFd> write_claim(const std::string& folder, const std::string& path,
                             const std::string& text) {
  const std::string draft = folder + "/new." + random_hex(16);
  UniqueFd file(::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail_errno("cannot create '" + draft + "'", errno);
  const bool good =
      lock(file.get(), LOCK_EX | LOCK_NB) &&
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::rename(draft.c_str(), path.c_str()) == 0;
  if (good) return file;
  const int error = errno;
  ::unlink(draft.c_str());
  return fail_errno("cannot write '" + draft + "'", error);
}

}  // namespace

Result<PinClaim> PinClaim::take(const std::string& run, const std::vector<std::uint32_t>& cpus) {
  std::vector<std::string> folders;
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/')
    folders.push_back(std::string(runtime) + "/mpibatch");
  folders.push_back(fmt::format("/tmp/mpibatch-{}", ::geteuid()));
  return take_in(folders, run, cpus);
}

Result<PinClaim> PinClaim::take_in(const std::vector<std::string>& folders, const std::string& run,
                                   const std::vector<std::uint32_t>& cpus) {
  std::vector<std::string> usable;
  std::vector<UniqueFd> locks;  // in the one order that all processes have
  for (const std::string& folder : folders) {
    if (!is_private_folder(folder)) continue;
    locks.push_back(lock_folder(folder));
    usable.push_back(folder);
  }
  if (usable.empty())
    return fail(ErrorKind::System,
                fmt::format("no folder of this user's own for claims of CPUs: '{}' cannot be made, "
                            "or others may write there",
                            folders.empty() ? "" : folders.back()));
  const std::string prefix = fmt::format("pin.{}.", host_name());
  PinClaim claim;
  for (const std::string& folder : usable) {
    for (const std::string& path : claim_files(folder, prefix)) {
      const auto other = live_claim(path);
      if (!other || other->run == run) continue;
      if (other->cpus && !overlap(*other->cpus, cpus)) continue;
      claim.holder_ = other->run;
      return claim;
    }
  }
  const std::string path = usable.front() + "/" + prefix + random_hex(16);
  auto file = write_claim(usable.front(), path, run + "\n" + cpu_list(cpus) + "\n");
  if (!file) return tl::unexpected(file.error());
  claim.file_ = std::move(*file);
  claim.path_ = path;
  return claim;
}

PinClaim::~PinClaim() {
  if (file_) ::unlink(path_.c_str());
}

void yield_cpus(Allocation& allocation, const PinClaim& claim) {
  if (claim.held() || !allocation.pinned) return;
  allocation.pinned = false;
  allocation.notices.push_back(
      fmt::format("run {} binds its attempts to CPUs {} of this host already: those of this run "
                  "are not bound to CPUs of their own",
                  claim.holder(), cpu_list(allocation.cpus)));
}

}  // namespace mpibatch::topology
