#include <mpibatch/model/fact.hpp>

#include <gtest/gtest.h>

#include "unit/model/sample_facts.hpp"

namespace mpibatch::model {
namespace {

TEST(Fact, ReadsAsOneLine) {
  const std::vector<std::string> expected = {
      "EpochBegan 2 on node1 boot boot up 1.5s now 60s",
      "PlanAdopted 1 queues cpu:1 urgent:9>1,0 policy 0 limit 600s \"CAPACITY\" environments rack "
      "min 2 max 64 host n[1-4] with gpu:a100 old disabled policies shares decay 3600s "
      "reservation 20% lab*=0.5 consumables licence:10 calls:100 spent failures 3 jobs "
      "3 align[16] queue 1 vcpus 2 memory 512 MiB gpus 1 attempts 3 memory times 1.5 at most "
      "4096 MiB priority 7 share lab on gpu:a100 takes 2 of 1 at a time 5 failures 2 not before "
      "10s expected 2.5s after 2(N_TO_N),1:7(AFTER_ANY),4(MATCH of 2) kept 0+4>8; "
      "5 solve queue 0 vcpus 1 gang of 3 main 1 0-1(vcpus 1) 1-3(vcpus 4) together exclusive",
      "NodeJoined 4 node1/1 instance 00000000000000ab boot boot vcpus 8 memory 16384 MiB gpus 2 "
      "features cpu:x,numa:2",
      "NodeGone 4 instance 00000000000000ab \"its lease\\x0ahas lapsed\"",
      "LeaseAwaited 4 instance 00000000000000ab until 80.000001s",
      "Granted 2.17 node 4 job 3 children 0-7,9 vcpus 2 memory 768 MiB gpus 1 through 1",
      "Started 2.17 children 0-1",
      "Ended 2.17 succeeded 0-3 failed 4(exit 1),6(cannot start 127 \"no \\\"x\\\"\") "
      "retried 5(out of memory 137) busy 2.5s",
      "Returned 2.17 children 8-9",
      "CancelRequested uuid job 3 children 0-15 \"not needed\" terminate",
      "FailedReopened",
      "RunFinished failed",
      "GangGranted job 5 child 2; 2.17 node 4 members 1-2 vcpus 8 through 1; "
      "2.18 node 5 members 0 vcpus 1 memory 512 MiB",
      "HoldRequested uuid hold job 3 children 4",
      "RetryRequested uuid job 3 children 0-15 with succeeded with dependents",
      "PriorityRequested uuid job 3 priority 12",
      "WaitEnded job 3 children 2-3 cancelled \"too long\"",
      "Granted 2.18 node 4 job 3 children 9-11 vcpus 2 memory 768 MiB gpus 1 through 1 after "
      "3:8@2.17",
  };
  const std::vector<Fact> facts = sample_facts();
  ASSERT_EQ(facts.size(), expected.size());
  for (std::size_t i = 0; i < facts.size(); ++i) EXPECT_EQ(to_string(facts[i]), expected[i]);
}

TEST(Fact, LeavesOutWhatThereIsNone) {
  EXPECT_EQ(to_string(Ended{{Epoch{1}, 2}, {{7, 8}}, {}, Duration{0}, {}}),
            "Ended 1.2 succeeded 7");
  EXPECT_EQ(to_string(RunFinished{false}), "RunFinished succeeded");
  EXPECT_EQ(to_string(PlanAdopted{Revision{2}, {{{"cpu", 1}}, {}, {}, {}, {}}, {}}),
            "PlanAdopted 2 queues cpu:1 jobs");
  const GrantId grant{Epoch{1}, 2};
  EXPECT_EQ(to_string(Granted{grant, NodeId{4}, {}, JobId{3}, {{0, 1}}, {}, kNoEnvironment, {}}),
            "Granted 1.2 node 4 job 3 children 0");
  EXPECT_EQ(to_string(CancelRequested{"uuid", JobId{3}, {{0, 1}}, "", false}),
            "CancelRequested uuid job 3 children 0 \"\"");
  EXPECT_EQ(to_string(HoldRequested{"uuid", std::nullopt, {}, false}),
            "HoldRequested uuid release all");
  EXPECT_EQ(to_string(LeaseAwaited{NodeId{0}, {}, instant_from_us(-1'500'000)}),
            "LeaseAwaited 0 instance 0000000000000000 until -1.5s");
}

}  // namespace
}  // namespace mpibatch::model
