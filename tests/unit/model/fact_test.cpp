#include <mpibatch/model/fact.hpp>

#include <gtest/gtest.h>

#include "unit/model/sample_facts.hpp"

namespace mpibatch::model {
namespace {

TEST(Fact, ReadsAsOneLine) {
  const std::vector<std::string> expected = {
      "EpochBegan 2 on node1 boot boot up 1.5s now 60s",
      "PlanAdopted 1 queues cpu:1 urgent:9 jobs 3 align[16] queue 1 vcpus 2 memory 512 MiB "
      "attempts 3 after 2(N_TO_N),1 kept 0+4>8",
      "NodeJoined 4 node1/1 instance 00000000000000ab boot boot vcpus 8 memory 16384 MiB",
      "NodeGone 4 instance 00000000000000ab \"its lease\\x0ahas lapsed\"",
      "LeaseAwaited 4 instance 00000000000000ab until 80.000001s",
      "Granted 2.17 node 4 job 3 children 0-7,9",
      "Started 2.17 children 0-1",
      "Ended 2.17 succeeded 0-3 failed 4(exit 1),6(cannot start 127 \"no \\\"x\\\"\") "
      "retried 5(signal 9) busy 2.5s",
      "Returned 2.17 children 8-9",
      "CancelRequested uuid job 3 children 0-15 \"not needed\"",
      "FailedReopened",
      "RunFinished failed",
  };
  const std::vector<Fact> facts = sample_facts();
  ASSERT_EQ(facts.size(), expected.size());
  for (std::size_t i = 0; i < facts.size(); ++i) EXPECT_EQ(to_string(facts[i]), expected[i]);
}

TEST(Fact, LeavesOutWhatThereIsNone) {
  EXPECT_EQ(to_string(Ended{{Epoch{1}, 2}, {{7, 8}}, {}, Duration{0}}), "Ended 1.2 succeeded 7");
  EXPECT_EQ(to_string(RunFinished{false}), "RunFinished succeeded");
  EXPECT_EQ(to_string(PlanAdopted{Revision{2}, {{"cpu", 1}}, {}}),
            "PlanAdopted 2 queues cpu:1 jobs");
  EXPECT_EQ(to_string(LeaseAwaited{NodeId{0}, {}, instant_from_us(-1'500'000)}),
            "LeaseAwaited 0 instance 0000000000000000 until -1.5s");
}

}  // namespace
}  // namespace mpibatch::model
