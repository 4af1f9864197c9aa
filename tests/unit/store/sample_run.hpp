// A small run on a disk: two jobs, one an array, worked on by one node; for readers and snapshots.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/store/fold.hpp>
#include <mpibatch/store/owner.hpp>
#include <mpibatch/store/segment.hpp>

namespace mpibatch::store {

inline const model::JobId kIndexJob{0};
inline const model::JobId kAlignJob{1};
inline const model::NodeName kNode{"node1", 0};
inline const model::InstanceId kInstance{0xab};

// Applies what it records, as rank 0 does.
class SampleRun {
 public:
  SampleRun(FileSystem& files, const std::string& path) : files_(files), folder_{path} {
    EXPECT_TRUE(files_.make_folder(path));
    open();
  }

  // The next rank 0 takes over.
  void open() {
    OwnerRecord me;
    me.run = run;
    me.host = "node1";
    const auto epoch = claim(files_, folder_, me);
    ASSERT_TRUE(epoch) << epoch.error().message;
    epoch_ = *epoch;
    auto before = fold(files_, folder_);
    ASSERT_TRUE(before) << before.error().message;
    core_ = std::move(before->scheduler);
    auto journal = JournalWriter::create(files_, folder_, run, *epoch, before->stops);
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = std::move(*journal);
    record(model::EpochBegan{*epoch, "node1", "boot", Duration{1}, instant_from_us(now_)});
  }

  void record(const model::Fact& fact) {
    const auto applied = core_.apply(fact);
    ASSERT_TRUE(applied) << applied.error().message;
    journal_->append(fact);
    ASSERT_TRUE(journal_->commit());
  }

  // align has `size` children, and `kept` of those of the revision before.
  void adopt(std::uint32_t revision, model::ChildIndex size, std::vector<model::Move> kept = {}) {
    model::AdoptedJob index;
    index.id = kIndexJob;
    index.spec.name = "index";
    if (revision > 1) index.kept = {{0, 0, 1}};
    model::AdoptedJob align;
    align.id = kAlignJob;
    align.spec.name = "align";
    align.spec.array = true;
    align.spec.size = size;
    align.spec.resources = {1, 100};
    align.kept = std::move(kept);
    model::PlanRules rules;
    rules.queues = {{"default", 1}};
    record(model::PlanAdopted{model::Revision{revision}, rules, {index, align}});
  }

  void join() {
    record(model::NodeJoined{model::NodeId{0}, kNode, kInstance, "boot", {4, 4000}, {"numa:1"}});
    auto segment = SegmentWriter::create(files_, folder_, {run, kNode, kInstance});
    ASSERT_TRUE(segment) << segment.error().message;
    segment_ = std::move(*segment);
  }

  model::GrantId grant(model::JobId job, const model::Ranges& children) {
    const model::GrantId id{epoch_, ++grants_};
    record(model::Granted{
        id, model::NodeId{0}, kInstance, job, children, {1, 0}, model::kNoEnvironment, {}});
    segment_->append(GrantReceived{id, job, core_.revision(), children});
    return id;
  }

  void start(const model::ExecutionId& execution, std::uint8_t attempt = 1) {
    segment_->append(AttemptStarted{execution, attempt, instant_from_us(++now_), {0}});
    record(model::Started{execution.grant, {{execution.child, execution.child + 1}}, {}});
    EXPECT_TRUE(segment_->write());
  }

  void print(const model::ExecutionId& execution, Stream stream, const std::string& bytes) {
    std::uint64_t& offset = printed_[{execution, stream}];
    segment_->append(OutputChunk{execution, stream, offset, bytes});
    offset += bytes.size();
    EXPECT_TRUE(segment_->write());
  }

  void end(const model::ExecutionId& execution, std::int32_t code = 0, std::uint8_t attempt = 1) {
    AttemptEnded ended{++ends_, execution, {}, attempt};
    ended.end.code = code;
    ended.end.started_at = instant_from_us(now_);
    ended.end.stopped_at = instant_from_us(++now_);
    ended.end.usage = {Duration{1'500'000}, Duration{1'000'000}, Duration{250'000}, 2048};
    segment_->append(ended);
    EXPECT_TRUE(segment_->commit());
    for (const model::Fact& fact : core_.on(
             scheduler::AttemptsEnded{model::NodeId{0}, kInstance, {{execution, ended.end}}}, {}))
      record(fact);
  }

  const StateFolder& folder() const { return folder_; }
  const scheduler::Scheduler& core() const { return core_; }
  JournalWriter& journal() { return *journal_; }
  SegmentWriter& segment() { return *segment_; }

  const std::string run = std::string(32, 'a');

 private:
  FileSystem& files_;
  const StateFolder folder_;
  scheduler::Scheduler core_;
  model::Epoch epoch_{};
  std::unique_ptr<JournalWriter> journal_;
  std::unique_ptr<SegmentWriter> segment_;
  std::uint32_t grants_ = 0;
  std::uint64_t ends_ = 0;
  std::int64_t now_ = 1'000'000'000;
  std::map<std::pair<model::ExecutionId, Stream>, std::uint64_t> printed_;
};

}  // namespace mpibatch::store
