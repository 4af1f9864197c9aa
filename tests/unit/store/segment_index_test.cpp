#include "store/segment_index.hpp"

#include <gtest/gtest.h>

#include <mpibatch/base/layout.hpp>
#include <mpibatch/store/attempts.hpp>

#include "support/hex.hpp"
#include "support/memory_filesystem.hpp"
#include "unit/store/read_counter.hpp"
#include "unit/store/sample_run.hpp"

namespace mpibatch::store {
namespace {

using model::ExecutionId;
using testing::MemoryFileSystem;

constexpr std::size_t kPage = 64 * 1024;

std::vector<ChildKey> keys(std::initializer_list<model::ChildIndex> children) {
  std::vector<ChildKey> list;
  for (const model::ChildIndex child : children) list.push_back({kAlignJob, child});
  return list;
}

ChildSpan span(model::ChildIndex first, model::ChildIndex last) {
  return {{kAlignJob, first}, {kAlignJob, last}};
}

TEST(SegmentSpans, JoinTheNearestFirst) {
  using Spans = std::vector<ChildSpan>;
  EXPECT_EQ(spans_of({}, 3), Spans());
  EXPECT_EQ(spans_of(keys({4, 3, 5, 3, 9}), 3), (Spans{span(3, 5), span(9, 9)}));
  EXPECT_EQ(spans_of(keys({0, 10, 12, 100}), 3), (Spans{span(0, 0), span(10, 12), span(100, 100)}));
  EXPECT_EQ(spans_of(keys({0, 10, 12, 100}), 2), (Spans{span(0, 12), span(100, 100)}));
  EXPECT_EQ(spans_of(keys({0, 2, 4, 6}), 2), (Spans{span(0, 6)})) << "equal gaps go together";
  EXPECT_EQ(spans_of(keys({0, 10, 12, 100}), 1), (Spans{span(0, 100)}));
}

TEST(SegmentSpans, RuleOutWhatIsOutside) {
  const SegmentBlock block{0, 1, {}, {span(3, 5), span(9, 9)}};
  const auto speaks = [&](model::ChildIndex first, model::ChildIndex last) {
    return block.may_speak_of({kAlignJob, first}, {kAlignJob, last});
  };
  EXPECT_FALSE(speaks(0, 2));
  EXPECT_TRUE(speaks(0, 3));
  EXPECT_TRUE(speaks(4, 4));
  EXPECT_FALSE(speaks(6, 8));
  EXPECT_TRUE(speaks(9, 20));
  EXPECT_FALSE(speaks(10, 20));
  EXPECT_FALSE(block.may_speak_of({kIndexJob, 4}, {kIndexJob, 4}));
}

TEST(SegmentIndexFile, LayoutIsGolden) {
  EXPECT_EQ(testing::to_hex(to_layout(SegmentBlock{
                0x10, 0x20, {{{model::Epoch{2}, 17}, model::Revision{1}}}, {span(3, 5)}})),
            "1000000000000000"
            "2000000000000000"
            "01000000"
            "020000001100000001000000"
            "01000000"
            "01000000030000000100000005000000");
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder("/n"));
  SegmentIndexWriter writer(disk, "/n/1.segment", {"r", kNode, kInstance});
  writer.written();
  EXPECT_FALSE(disk.exists("/n/1.index")) << "before there is a whole block";
  writer.appended(AttemptStarted{{kAlignJob, 3, {model::Epoch{2}, 17}}, 1, {}, {}}, kBlockBytes);
  EXPECT_FALSE(disk.exists("/n/1.index")) << "before the block is in the segment";
  writer.written();
  EXPECT_EQ(
      testing::to_hex(disk.read("/n/1.index").value()),
      "6d70696202000700d54d92f7"
      // SegmentHeader
      "1b00000014876862100100000072050000006e6f64653100000000ab00000000000000"
      // SegmentBlock
      "290000001cdb7e7316000000000000000000001000000000000000000001000000010000000300000001000000"
      "03000000");
}

// Two children print a page each in turns, three others once: at the begin, in the midst and last.
class SegmentIndexTest : public ::testing::Test {
 protected:
  SegmentIndexTest() : run(disk, "/s") {
    run.adopt(1, 40);
    run.join();
    grant = run.grant(kAlignJob, {{0, 40}});
    once(30);
    for (const model::ChildIndex child : {0U, 1U}) run.start(execution(child));
    for (int page = 0; page < 80; ++page) {
      for (const model::ChildIndex child : {0U, 1U})
        run.print(execution(child), Stream::Stdout, std::string(kPage, 'a' + (page % 26)));
      if (page == 40) once(20);
    }
    for (const model::ChildIndex child : {0U, 1U}) run.end(execution(child));
    once(10);
  }

  ExecutionId execution(model::ChildIndex child) const { return {kAlignJob, child, grant}; }
  void once(model::ChildIndex child) {
    run.start(execution(child));
    run.print(execution(child), Stream::Stderr, "child " + std::to_string(child) + "\n");
    run.end(execution(child));
  }
  std::vector<Attempt> attempts(const FileSystem& files, const AttemptFilter& filter) {
    const auto list = list_attempts(files, run.folder(), fold(disk, run.folder()).value(), filter);
    EXPECT_TRUE(list && list->problems.empty()) << list->problems.front();
    return list->attempts;
  }
  static std::string output(const FileSystem& files, const Attempt& attempt) {
    std::string all;
    SegmentPosition position;
    const auto take = [&](Stream, std::string_view bytes) { all += bytes; };
    const auto done = read_output(files, attempt, {}, position, take);
    EXPECT_TRUE(done) << done.error().message;
    return all;
  }
  void expect_child(model::ChildIndex child) {
    const auto found = attempts(disk, {kAlignJob, child});
    ASSERT_EQ(found.size(), 1U) << child;
    EXPECT_EQ(found[0].execution, execution(child));
    EXPECT_EQ(output(disk, found[0]), "child " + std::to_string(child) + "\n");
  }

  MemoryFileSystem disk;
  SampleRun run;
  model::GrantId grant;
  const std::string path = StateFolder{"/s"}.segment(kNode, kInstance);
  const std::string index = path.substr(0, path.size() - kSegmentSuffix.size()) + ".index";
};

TEST_F(SegmentIndexTest, OneChildIsReadWithoutTheOthers) {
  const std::uint64_t size = disk.read(path)->size();
  ASSERT_GT(size, 10 * kBlockBytes);
  for (const model::ChildIndex child : {10U, 20U, 30U}) {
    ReadCounter counted(disk);
    const auto found = attempts(counted, {kAlignJob, child});
    ASSERT_EQ(found.size(), 1U) << child;
    EXPECT_EQ(output(counted, found[0]), "child " + std::to_string(child) + "\n");
    EXPECT_LT(counted.take(), 4 * kBlockBytes) << child;
  }
  ReadCounter counted(disk);
  EXPECT_TRUE(attempts(counted, {kAlignJob, 5}).empty());
  EXPECT_TRUE(attempts(counted, {kIndexJob, {}}).empty());
  EXPECT_LT(counted.take(), 3 * kBlockBytes);
}

TEST_F(SegmentIndexTest, NothingIsMissedWithIt) {
  const auto with = attempts(disk, {kAlignJob, {}});
  ASSERT_EQ(with.size(), 5U);
  const std::string printed = output(disk, with[0]);
  EXPECT_EQ(printed.size(), 80 * kPage);
  ASSERT_TRUE(disk.remove(index));
  EXPECT_EQ(attempts(disk, {kAlignJob, {}}).size(), 5U);
  EXPECT_EQ(output(disk, with[0]), printed);
}

TEST_F(SegmentIndexTest, ATornOneCostsTheBlocksThatItLacks) {
  const std::string whole = disk.read(index).value();
  const std::size_t blocks = read_segment_index(disk, path).blocks.size();
  ASSERT_GE(blocks, 10U);
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    disk.overwrite(index, whole.substr(0, size));
    EXPECT_LT(read_segment_index(disk, path).blocks.size(), blocks);
    expect_child(20);
  }
  for (std::size_t byte = 0; byte < whole.size(); byte += 61) {
    std::string bad = whole;
    bad[byte] ^= 1;
    disk.overwrite(index, bad);
    expect_child(30);
  }
}

TEST_F(SegmentIndexTest, MayBeAheadOfASegmentThatLostItsEnd) {
  const std::string whole = disk.read(path).value();
  for (const std::size_t size : {whole.size() / 2, whole.size() / 3, std::size_t{12}}) {
    disk.overwrite(path, whole.substr(0, size));
    EXPECT_TRUE(attempts(disk, {kAlignJob, 10}).empty());
  }
  disk.overwrite(path, whole.substr(0, whole.size() / 3) + std::string(whole.size() / 3, '\0'));
  EXPECT_TRUE(attempts(disk, {kAlignJob, 10}).empty());
  expect_child(30);
}

TEST_F(SegmentIndexTest, FindsChildrenOfAnOlderPlan) {
  run.open();
  run.adopt(2, 40, {{10, 12, 1}, {20, 5, 1}, {0, 0, 2}});
  run.open();
  run.adopt(3, 40, {{12, 30, 1}, {5, 20, 1}});
  const auto moved = attempts(disk, {kAlignJob, 30});
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(output(disk, moved[0]), "child 10\n");
  EXPECT_EQ(attempts(disk, {kAlignJob, 20}).size(), 1U);
  EXPECT_TRUE(attempts(disk, {kAlignJob, 10}).empty());
  EXPECT_TRUE(attempts(disk, {kAlignJob, 0}).empty());
}

TEST(SegmentIndexFile, AFailureEndsItAlone) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder("/n"));
  ASSERT_TRUE(disk.create_exclusive("/n/1.index")) << "somebody's";
  SegmentIndexWriter writer(disk, "/n/1.segment", {"r", kNode, kInstance});
  for (std::uint64_t block = 1; block < 4; ++block) {
    writer.appended(AttemptStarted{{kAlignJob, 3, {model::Epoch{2}, 17}}, 1, {}, {}},
                    block * kBlockBytes);
    writer.written();
  }
  EXPECT_EQ(disk.read("/n/1.index").value(), "");
}

TEST(SegmentIndexFile, EndsWhereGrantsAreNoStepsOfRevisions) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder("/n"));
  SegmentIndexWriter writer(disk, "/n/1.segment", {"r", kNode, kInstance});
  const auto grant = [](std::uint32_t number, std::uint32_t revision) {
    return GrantReceived{{model::Epoch{1}, number}, kAlignJob, model::Revision{revision}, {{0, 1}}};
  };
  const auto blocks = [&] { return read_segment_index(disk, "/n/1.segment").blocks.size(); };
  writer.appended(grant(2, 1), kBlockBytes);
  writer.appended(grant(3, 2), 2 * kBlockBytes);
  writer.appended(grant(4, 2), 3 * kBlockBytes);
  writer.written();
  ASSERT_EQ(blocks(), 3U);
  const SegmentIndex index = read_segment_index(disk, "/n/1.segment");
  EXPECT_EQ(index.header, (SegmentHeader{"r", kNode, kInstance}));
  const auto revision = [&](std::uint32_t number) {
    return index.revision_of({model::Epoch{1}, number});
  };
  EXPECT_EQ(revision(1), std::nullopt);
  EXPECT_EQ(revision(2), model::Revision{1});
  EXPECT_EQ(revision(3), model::Revision{2});
  EXPECT_EQ(revision(9), model::Revision{2});
  writer.appended(grant(1, 2), 4 * kBlockBytes);
  writer.appended(grant(5, 2), 5 * kBlockBytes);
  writer.written();
  EXPECT_EQ(blocks(), 3U);
}

}  // namespace
}  // namespace mpibatch::store
