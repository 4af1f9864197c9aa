// The journal's layout of every kind of fact. Old journals must stay readable: where a line here
// fails, undo the change or make a new kind of fact at the end of the variant.
#include <random>

#include <gtest/gtest.h>

#include <mpibatch/base/layout.hpp>
#include <mpibatch/model/fact.hpp>

#include "support/hex.hpp"
#include "unit/model/sample_facts.hpp"

namespace mpibatch::model {
namespace {

const std::vector<std::string> kGolden = {
    // EpochBegan
    "0002000000050000006e6f64653104000000626f6f7460e31600000000000087930300000000",
    // PlanAdopted
    "010100000002000000030000006370750100000006000000757267656e740900000001000000030000000500"
    "0000616c69676e01100000000100000002000000000200000000000002000000020000000201000000000300"
    "00000100000001050000005461736b2a00010100000031018877665544332211010000000000000008000000"
    "04000000",
    // NodeJoined
    "0204000000050000006e6f64653101000000ab0000000000000004000000626f6f7408000000004000000000"
    "0000",
    // NodeGone
    "0304000000ab0000000000000014000000697473206c656173650a686173206c6170736564",
    // LeaseAwaited
    "0404000000ab0000000000000001b4c40400000000",
    // Granted
    "05020000001100000004000000ab0000000000000003000000020000000000000008000000090000000a0000"
    "00",
    // Started
    "060200000011000000010000000000000002000000",
    // Ended
    "0702000000110000000100000000000000040000000300000004000000000001000000000000000500000001"
    "0109000000000000000600000000037f000000060000006e6f20227822a025260000000000",
    // Returned
    "08020000001100000001000000080000000a000000",
    // CancelRequested
    "090400000075756964030000000100000000000000100000000a0000006e6f74206e6565646564",
    // FailedReopened
    "0a",
    // RunFinished
    "0b01",
};

TEST(FactLayout, IsTheGoldenOne) {
  const std::vector<Fact> facts = sample_facts();
  ASSERT_EQ(facts.size(), std::variant_size_v<Fact>) << "a new kind of fact needs a sample";
  ASSERT_EQ(facts.size(), kGolden.size());
  for (std::size_t i = 0; i < facts.size(); ++i) {
    EXPECT_EQ(facts[i].index(), i) << "kinds keep their number";
    EXPECT_EQ(testing::to_hex(to_layout(facts[i])), kGolden[i]) << to_string(facts[i]);
  }
}

TEST(FactLayout, ReadsBackEveryKind) {
  for (const Fact& fact : sample_facts()) {
    Fact read;
    EXPECT_TRUE(from_layout(to_layout(fact), read)) << to_string(fact);
    EXPECT_EQ(read, fact);
  }
}

TEST(FactLayout, RefusesEveryTruncation) {
  for (const Fact& fact : sample_facts()) {
    const std::string bytes = to_layout(fact);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Fact read;
      EXPECT_FALSE(from_layout(bytes.substr(0, size), read)) << to_string(fact) << " " << size;
    }
  }
}

TEST(FactLayout, SurvivesChangedBytes) {
  std::mt19937 random(1);
  for (const Fact& fact : sample_facts()) {
    const std::string good = to_layout(fact);
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(random());
      Fact read;
      if (from_layout(bytes, read)) {
        EXPECT_EQ(to_layout(read), bytes);
        EXPECT_EQ(to_string(read).find('\n'), std::string::npos);
      }
    }
  }
}

}  // namespace
}  // namespace mpibatch::model
