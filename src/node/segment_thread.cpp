#include "node/segment_thread.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <mpibatch/base/check.hpp>
#include <mpibatch/store/owner.hpp>

namespace mpibatch::node {

namespace {

using Steady = std::chrono::steady_clock;

constexpr auto kWriteEvery =
    std::chrono::milliseconds{500};  // readable within 2 s, with all delays
constexpr auto kWatchEvery = std::chrono::seconds{2};
constexpr auto kNonceEvery = std::chrono::milliseconds{200};
constexpr int kNonceTries = 4;
constexpr std::uint64_t kNonceBytesMax = 4096;
constexpr std::uint64_t kWriteBytes = std::uint64_t{1} << 20;

std::uint64_t bytes_of(const store::SegmentRecord& record) {
  constexpr std::uint64_t kRecordBytes = 64;
  const auto* chunk = std::get_if<store::OutputChunk>(&record);
  return kRecordBytes + (chunk ? chunk->bytes.size() : 0);
}

}  // namespace

struct SegmentThread::Shared {
  Shared(FileSystem& files_given, store::StateFolder folder_given,
         store::SegmentHeader header_given, std::function<void()> before_first_given,
         int event_given)
      : files(files_given),
        folder(std::move(folder_given)),
        header(std::move(header_given)),
        before_first(std::move(before_first_given)),
        event(event_given) {}

  FileSystem& files;
  const store::StateFolder folder;
  const store::SegmentHeader header;
  const std::function<void()> before_first;
  const int event;

  std::mutex mutex;
  std::condition_variable wake;      // for the thread
  std::condition_variable finished;  // for finish()
  std::vector<store::SegmentRecord> records;
  std::optional<std::string> nonce;
  std::uint64_t ticket = 0;  // highest asked for
  std::uint64_t queued = 0;
  std::vector<SegmentReport> reports;
  bool stop = false;
  bool done = false;

  // The thread's own.
  struct {
    std::optional<std::string> nonce;
    int tries = 0;
  } asked;
  std::unique_ptr<store::SegmentWriter> writer;
  std::uint64_t synced = 0;
  bool failed = false;
  bool gone = false;

  void run();
  void report(SegmentReport report);
  void fail(const Error& error);
  void check();
  void watch();
  void write(std::vector<store::SegmentRecord> taken, std::uint64_t wanted, bool last);
};

void SegmentThread::Shared::run() {
  auto next_watch = Steady::now() + kWatchEvery;
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait_for(lock, kWriteEvery,
                  [this] { return stop || nonce || ticket > synced || queued >= kWriteBytes; });
    const bool last = stop;
    if (nonce) asked = {std::exchange(nonce, std::nullopt), kNonceTries};
    std::vector<store::SegmentRecord> taken = std::exchange(records, {});
    const std::uint64_t taken_bytes = queued;
    const std::uint64_t wanted = ticket;
    lock.unlock();
    if (asked.nonce) check();
    write(std::move(taken), wanted, last);
    if (writer && Steady::now() >= next_watch) {
      watch();
      next_watch = Steady::now() + kWatchEvery;
    }
    lock.lock();
    synced = std::max(synced, wanted);
    queued -= taken_bytes;
    if (last) break;
  }
  done = true;
  finished.notify_all();
}

void SegmentThread::Shared::report(SegmentReport report) {
  {
    const std::lock_guard lock(mutex);
    reports.push_back(std::move(report));
  }
  ::eventfd_write(event, 1);
}

// A failed write or sync is final: what is on the disk is unknown from then on.
void SegmentThread::Shared::fail(const Error& error) {
  if (std::exchange(failed, true)) return;
  report(SegmentFailed{"cannot write its segment in the state folder: " + error.message});
}

void SegmentThread::Shared::check() {
  NonceChecked answer{*asked.nonce, {}, false};
  // Opening the folder makes an NFS client ask the server for the names in it.
  (void)files.list(folder.path);
  const auto found = files.read(folder.nonce(), 0, kNonceBytesMax);
  if (!found || *found != answer.nonce) {
    if (files.exists(folder.path) && --asked.tries > 0) return;  // again, soon
    asked.nonce.reset();
    answer.refusal = "the state folder '" + folder.path + "' is not shared with node " +
                     model::to_string(header.node) + ": " +
                     (found ? "another folder is at this path there" : found.error().message) +
                     "; put it on a file system that all nodes mount (--state DIR)";
    return report(std::move(answer));
  }
  asked.nonce.reset();
  if (!writer && !failed) {
    const auto segments = files.list(folder.node(header.node));
    answer.first_starter = segments && segments->empty();
    if (answer.first_starter) before_first();
    auto made = files.make_folder(folder.node(header.node)).and_then([this] {
      return store::SegmentWriter::create(files, folder, header);
    });
    if (made) {
      writer = std::move(*made);
    } else {
      fail(made.error());
    }
  }
  report(std::move(answer));
}

void SegmentThread::Shared::watch() {
  if (gone) return;
  const std::string where = "the state folder '" + folder.path + "' ";
  const auto links = writer->link_count();
  const auto owner = store::read_owner(files, folder);
  if (links && *links == 0) {
    gone = true;
    report(RunGone{where + "lost this starter's segment"});
  } else if (owner && (!*owner || (*owner)->run != header.run)) {
    gone = true;
    report(RunGone{where + "no longer holds this run"});
  }
}

void SegmentThread::Shared::write(std::vector<store::SegmentRecord> taken, std::uint64_t wanted,
                                  bool last) {
  if (!writer || failed) return;
  for (const store::SegmentRecord& record : taken) writer->append(record);
  const bool sync = wanted > synced || last;
  if (!sync && writer->buffered_bytes() == 0) return;
  const Result<void> written = sync ? writer->commit() : writer->write();
  if (!written) return fail(written.error());
  if (wanted > synced) report(SegmentSynced{wanted});
}

SegmentThread::SegmentThread(FileSystem& files, store::StateFolder folder,
                             store::SegmentHeader header, std::function<void()> before_first)
    : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  MPIBATCH_CHECK(static_cast<bool>(event_));
  shared_ = std::make_shared<Shared>(files, std::move(folder), std::move(header),
                                     std::move(before_first), event_.get());
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are the main thread's
  thread_ = std::thread([shared = shared_] { shared->run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SegmentThread::~SegmentThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.notify_one();
  thread_.join();
}

void SegmentThread::check_nonce(std::string nonce) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->nonce = std::move(nonce);
  }
  shared_->wake.notify_one();
}

void SegmentThread::append(std::vector<store::SegmentRecord> records) {
  bool full = false;
  {
    const std::lock_guard lock(shared_->mutex);
    for (store::SegmentRecord& record : records) {
      shared_->queued += bytes_of(record);
      shared_->records.push_back(std::move(record));
    }
    full = shared_->queued >= kWriteBytes;
  }
  // It looks by itself twice a second: to wake it for every record would cost more than the record.
  if (full) shared_->wake.notify_one();
}

void SegmentThread::sync(std::uint64_t ticket) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->ticket = std::max(shared_->ticket, ticket);
  }
  shared_->wake.notify_one();
}

std::vector<SegmentReport> SegmentThread::take_reports() {
  eventfd_t ignored = 0;
  ::eventfd_read(event_.get(), &ignored);
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->reports, {});
}

std::uint64_t SegmentThread::queued_bytes() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->queued;
}

bool SegmentThread::finish(Duration patience) {
  std::unique_lock lock(shared_->mutex);
  shared_->stop = true;
  shared_->wake.notify_one();
  if (!shared_->finished.wait_for(lock, patience, [this] { return shared_->done; })) {
    thread_.detach();
    return false;
  }
  lock.unlock();
  thread_.join();
  return true;
}

}  // namespace mpibatch::node
