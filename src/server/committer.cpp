#include "server/committer.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>

#include <mpibatch/base/check.hpp>
#include <mpibatch/store/owner.hpp>

namespace mpibatch::server {

namespace {

constexpr auto kRaiseEvery = std::chrono::seconds(1);

}  // namespace

Committer::Committer(FileSystem& files, store::StateFolder folder, const store::OwnerRecord& me,
                     std::unique_ptr<store::JournalWriter> journal,
                     std::function<Result<void>()> settle)
    : files_(files),
      folder_(std::move(folder)),
      epoch_(me.epoch),
      run_(me.run),
      journal_(std::move(journal)),
      settle_(std::move(settle)),
      wake_reader_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {
  MPIBATCH_CHECK(wake_reader_.get() >= 0);
}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

void Committer::submit(std::vector<model::Fact> facts) {
  {
    const std::lock_guard lock(mutex_);
    std::move(facts.begin(), facts.end(), std::back_inserter(submitted_));
  }
  woken_.notify_one();
}

CommitReport Committer::report() {
  std::uint64_t ignored = 0;
  (void)!::read(wake_reader_.get(), &ignored, sizeof ignored);
  const std::lock_guard lock(mutex_);
  return report_;
}

void Committer::run() {
  if (const auto settled = settle_ ? settle_() : Result<void>{}; !settled) {
    fail(settled.error());
    return;
  }
  commit({});
  auto raise_at = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stopping_ && report_.failure.empty() && !report_.superseded) {
    if (std::chrono::steady_clock::now() >= raise_at) {
      raise_at = std::chrono::steady_clock::now() + kRaiseEvery;
      lock.unlock();
      raise();
      lock.lock();
      continue;
    }
    if (submitted_.empty()) {
      woken_.wait_until(lock, raise_at);
      continue;
    }
    const std::vector<model::Fact> facts = std::exchange(submitted_, {});
    lock.unlock();
    commit(facts);
    lock.lock();
  }
}

void Committer::commit(const std::vector<model::Fact>& facts) {
  for (const model::Fact& fact : facts) journal_->append(fact);
  const auto synced = journal_->commit();
  if (!synced) {
    fail(synced.error());
    return;
  }
  if (!verify()) return;
  const std::lock_guard lock(mutex_);
  report_.committed += facts.size();
  report_.journal_bytes = journal_->bytes();
  report_.synced = {epoch_, *synced};
  changed();
}

void Committer::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  report_.failure = error.message;
  changed();
}

void Committer::raise() {
  // A counter that cannot be raised is no failure of the run: the leases are not renewed, and the
  // next commit tells.
  if (!store::raise_counter(files_, folder_, epoch_, ++counter_) || !verify()) return;
  const std::lock_guard lock(mutex_);
  ++report_.verifications;
  changed();
}

bool Committer::verify() {
  const auto superseded = store::superseded(files_, folder_, epoch_, run_);
  const std::lock_guard lock(mutex_);
  if (!superseded) {
    report_.failure = superseded.error().message;
  } else if (*superseded) {
    report_.superseded = true;
  } else {
    return true;
  }
  changed();
  return false;
}

void Committer::changed() {
  const std::uint64_t one = 1;
  (void)!::write(wake_reader_.get(), &one, sizeof one);
}

}  // namespace mpibatch::server
