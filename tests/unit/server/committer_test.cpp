#include "server/committer.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <mpibatch/store/owner.hpp>

#include "support/memory_filesystem.hpp"

namespace mpibatch::server {
namespace {

struct Commits : ::testing::Test {
  mpibatch::testing::MemoryFileSystem files;
  store::StateFolder folder{"/runs/plan.mpibatch"};
  store::OwnerRecord me;
  std::unique_ptr<Committer> committer;

  void SetUp() override {
    ASSERT_TRUE(files.make_folder(folder.path).has_value());
    ASSERT_TRUE(files.sync_folder("/").has_value());  // where the user's folders were long ago
    me.run = std::string(32, 'a');
    me.epoch = store::claim(files, folder, me).value();
    auto journal = store::JournalWriter::create(files, folder, me.run, me.epoch, {});
    ASSERT_TRUE(journal.has_value()) << journal.error().message;
    committer = std::make_unique<Committer>(files, folder, me, std::move(*journal), nullptr);
  }

  // The first report that `enough` holds for.
  template <class Enough>
  CommitReport wait(Enough enough) {
    while (true) {
      CommitReport report = committer->report();
      if (enough(report)) return report;
      pollfd wait{committer->descriptor(), POLLIN, 0};
      ::poll(&wait, 1, 1000);
    }
  }
};

TEST_F(Commits, CountsFactsOnceTheyAreSafe) {
  committer->submit({model::FailedReopened{}, model::FailedReopened{}});
  const CommitReport report = wait([](const CommitReport& r) { return r.committed == 2; });
  EXPECT_TRUE(report.failure.empty());
  files.crash_dropping_all(mpibatch::testing::Handles::Kept);
  std::uint64_t facts = 0;
  ASSERT_TRUE(
      store::read_journal(files, folder, {}, [&](auto, const auto&) { ++facts; }).has_value());
  EXPECT_EQ(facts, 2U);
}

TEST_F(Commits, RaisesTheCounterSoThatOthersSeeItAlive) {
  wait([](const CommitReport& r) { return r.verifications > 0; });
  EXPECT_GT(store::read_counter(files, folder, me.epoch).value(), 0U);
}

TEST_F(Commits, ReportsAFullDiskAndCommitsNothingMore) {
  wait([](const CommitReport& r) { return r.verifications > 0; });
  files.fail_after(0);  // for the counter, too; only a commit makes it final
  committer->submit({model::FailedReopened{}});
  const CommitReport report = wait([](const CommitReport& r) { return !r.failure.empty(); });
  EXPECT_EQ(report.committed, 0U);
  committer->submit({model::FailedReopened{}});
  EXPECT_EQ(committer->report().committed, 0U);
}

TEST_F(Commits, StopsAtAHigherEpochBeforeAnythingIsActedUpon) {
  wait([](const CommitReport& r) { return r.verifications > 0; });
  ASSERT_TRUE(store::claim(files, folder, me).has_value());
  committer->submit({model::FailedReopened{}});
  const CommitReport report = wait([](const CommitReport& r) { return r.superseded; });
  EXPECT_EQ(report.committed, 0U);
}

}  // namespace
}  // namespace mpibatch::server
