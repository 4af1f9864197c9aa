#include "node/kept_output.hpp"

#include <gtest/gtest.h>

namespace mpibatch::node {
namespace {

using store::OutputChunk;
using store::OutputCut;
using store::SegmentRecord;
using store::Stream;

const model::ExecutionId kId{model::JobId{1}, 2, {model::Epoch{1}, 3}};

TEST(KeptOutput, IsEverythingUpToTheLimitOfBothStreams) {
  KeptOutput output;
  EXPECT_FALSE(output.any());
  EXPECT_EQ(output.add(kId, Stream::Stdout, "12345", 8),
            (std::vector<SegmentRecord>{OutputChunk{kId, Stream::Stdout, 0, "12345"}}));
  EXPECT_EQ(output.add(kId, Stream::Stderr, "678", 8),
            (std::vector<SegmentRecord>{OutputChunk{kId, Stream::Stderr, 0, "678"}}));
  EXPECT_TRUE(output.any());
  EXPECT_TRUE(output.finish(kId, 8).empty());
}

TEST(KeptOutput, LosesNothingThatItsEndHolds) {
  KeptOutput output;
  EXPECT_EQ(output.add(kId, Stream::Stdout, "12345", 3),
            (std::vector<SegmentRecord>{OutputChunk{kId, Stream::Stdout, 0, "123"}}));
  EXPECT_TRUE(output.add(kId, Stream::Stdout, "67", 3).empty());
  EXPECT_EQ(output.finish(kId, 3),
            (std::vector<SegmentRecord>{OutputChunk{kId, Stream::Stdout, 3, "4567"}}));
}

TEST(KeptOutput, SaysHowMuchIsMissingAndKeepsTheEnd) {
  constexpr std::uint64_t kLimit = 10;
  const std::string block(kLogTailBytes, 'x');
  KeptOutput output;
  output.add(kId, Stream::Stderr, std::string(kLimit, 'a'), kLimit);
  EXPECT_TRUE(output.add(kId, Stream::Stderr, block, kLimit).empty());
  EXPECT_TRUE(output.add(kId, Stream::Stderr, block, kLimit).empty());
  EXPECT_EQ(output.add(kId, Stream::Stderr, block, kLimit),
            (std::vector<SegmentRecord>{
                OutputCut{kId, Stream::Stderr, kLimit, 2 * kLogTailBytes, kLimit}}));
  EXPECT_TRUE(output.add(kId, Stream::Stderr, "the end", kLimit).empty());
  const std::string end = block.substr(7) + "the end";
  EXPECT_EQ(output.finish(kId, kLimit),
            (std::vector<SegmentRecord>{
                OutputCut{kId, Stream::Stderr, kLimit + 2 * kLogTailBytes, 7, kLimit},
                OutputChunk{kId, Stream::Stderr, kLimit + 2 * kLogTailBytes + 7, end}}));
}

TEST(KeptOutput, CutsEachStreamOfItsOwn) {
  KeptOutput output;
  output.add(kId, Stream::Stdout, std::string(4 * kLogTailBytes, 'x'), 1);
  EXPECT_TRUE(output.add(kId, Stream::Stderr, "why", 1).empty());
  const auto records = output.finish(kId, 1);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records.back(), SegmentRecord(OutputChunk{kId, Stream::Stderr, 0, "why"}));
}

}  // namespace
}  // namespace mpibatch::node
