#include "node/tmp_folders.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string_view>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/random.hpp>
#include <mpibatch/base/unique_fd.hpp>

namespace mpibatch::node {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOwnPrefix = "attempt-";

// What is made or removed in a folder changes its time. Times of file systems advance in steps of
// some milliseconds: only a longer one ago tells a change from the one before.
constexpr Duration kTimeStep = std::chrono::seconds{1};

bool has_no_entries(const std::string& path) {
  // readdir() would allocate; an empty folder has two entries, `.` and `..`.
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  alignas(dirent64) char entries[512];
  constexpr std::size_t kNameOffset = offsetof(dirent64, d_name);
  long size = 0;
  while (folder && (size = ::getdents64(folder.get(), entries, sizeof entries)) > 0)
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      const std::string_view name(entries + at + kNameOffset);
      if (name != "." && name != "..") return false;
      at += entry->d_reclen;
    }
  return folder && size == 0;
}

bool empty_and_ours(TmpFolder& folder) {
  struct stat status {};
  if (::lstat(folder.path.c_str(), &status) != 0 || (status.st_mode & 07777) != 0700) return false;
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) return false;
  const timespec& changed = status.st_ctim;
  const bool same =
      changed.tv_sec == folder.changed.tv_sec && changed.tv_nsec == folder.changed.tv_nsec;
  if (same && folder.taken - folder.seen > kTimeStep) return true;
  if (!has_no_entries(folder.path)) return false;
  if (!same) {
    folder.changed = changed;
    folder.seen = SystemClock().awake();
  }
  return true;
}

// Read-only folders (of module caches, say) go, too.
void remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(path, options, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored))
      fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
  }
  fs::remove_all(path, error);
}

}  // namespace

Result<std::unique_ptr<TmpFolders>> TmpFolders::create(const std::string& root) {
  std::error_code error;
  const fs::path parent = fs::path(root).parent_path();
  fs::create_directories(parent.parent_path(), error);
  for (const std::string& folder : {parent.string(), root}) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return fail_errno("cannot create the folder for temporary files '" + folder + "'", errno);
    struct stat status {};
    if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
        status.st_uid != ::geteuid())
      return fail(ErrorKind::System, "'" + folder +
                                         "' for temporary files is not our own folder; "
                                         "remove it, or set another TMPDIR");
  }
  std::unique_ptr<TmpFolders> folders(new TmpFolders(root));
  for (const auto& entry : fs::directory_iterator(root, error))
    if (entry.path().filename().string().starts_with(kOwnPrefix))
      folders->remove_later(entry.path().string());
  return folders;
}

TmpFolders::TmpFolders(std::string root)
    : root_(std::move(root)), prefix_(root_ + "/" + std::string(kOwnPrefix) + random_hex(8) + "-") {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are the main thread's
  thread_ = std::thread([this] { work(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TmpFolders::~TmpFolders() {
  for (TmpFolder& folder : free_) remove_later(std::move(folder.path));
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  ::rmdir(root_.c_str());  // stays where something is kept
}

Result<TmpFolder> TmpFolders::take() {
  TmpFolder folder;
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      folder = std::move(free_.back());
      free_.pop_back();
    } else {
      folder.path = prefix_ + std::to_string(++made_);
    }
  }
  folder.taken = SystemClock().awake();
  if (folder.seen > Duration{0}) return folder;
  // A predecessor that is just leaving may have removed the root once it was empty.
  if (::mkdir(folder.path.c_str(), 0700) != 0 &&
      (errno != ENOENT || (::mkdir(root_.c_str(), 0700), ::mkdir(folder.path.c_str(), 0700)) != 0))
    return fail_errno("cannot create the folder for temporary files '" + folder.path + "'", errno);
  return folder;
}

void TmpFolders::give_back(TmpFolder folder, const std::string& kept_as) {
  if (!kept_as.empty()) {
    ::rename(folder.path.c_str(), (root_ + "/" + kept_as).c_str());
  } else if (empty_and_ours(folder)) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(folder));
  } else {
    remove_later(std::move(folder.path));
  }
}

void TmpFolders::remove_later(std::string path) {
  {
    const std::lock_guard lock(mutex_);
    doomed_.push_back(std::move(path));
  }
  wake_.notify_one();
}

void TmpFolders::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !doomed_.empty(); });
    if (doomed_.empty()) return;
    const std::string path = std::move(doomed_.front());
    doomed_.pop_front();
    lock.unlock();
    remove_tree(path);
    lock.lock();
  }
}

}  // namespace mpibatch::node
