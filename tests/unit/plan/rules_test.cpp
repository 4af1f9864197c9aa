#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using Numbers = std::vector<std::uint32_t>;

constexpr char kJobs[] = R"("jobs": [{"jobName": "a", "containerProperties": {"command": ["x"]}}])";

class RulesTest : public PlanFiles {
 protected:
  model::PlanRules rules(const std::string& fields) {
    return good("{" + fields + ", " + kJobs + "}").rules;
  }
  std::string faults(const std::string& fields) {
    return errors("{" + fields + ", " + kJobs + "}");
  }
  // Of a job in this queue, with these fields.
  std::string in_queue(const std::string& queue, const std::string& fields) {
    return "{" + queue + R"(, "jobs": [{"jobName": "a", "jobQueue": "q", )" + fields +
           R"(, "containerProperties": {"command": ["x"]}}]})";
  }
};

TEST_F(RulesTest, EnvironmentsArePoolsOfNodes) {
  const auto read = rules(R"("computeEnvironments": [
    {"computeEnvironmentName": "gpu", "type": "MANAGED", "state": "DISABLED",
     "computeResources": {"type": "EC2", "minvCpus": 2, "maxvCpus": 64}, "tags": {"a": "b"},
     "nodes": {"names": ["gpu[1-4]", "big"], "features": ["gpu:a100", "gpuMemoryMiB>=40000"]}},
    {"computeEnvironmentName": "rest", "type": "UNMANAGED", "state": "ENABLED", "maxvCpus": 8},
    {"computeEnvironmentName": "all"}])");
  EXPECT_EQ(read.environments,
            (std::vector<model::ComputeEnvironment>{
                {"gpu", false, 2, 64, {"gpu[1-4]", "big"}, {"gpu:a100", "gpuMemoryMiB>=40000"}},
                {"rest", true, 0, 8, {}, {}},
                {"all", true, 0, 0, {}, {}}}));
}

TEST_F(RulesTest, EnvironmentsAreChecked) {
  const std::string text = faults(R"("computeEnvironments": [
    {"computeEnvironmentName": "a b", "type": "FARGATE", "state": "OFF"},
    {"computeEnvironmentName": "e", "minvCpus": 9, "maxvCpus": 8, "names": ["x"]},
    {"computeEnvironmentName": "e", "maxvCpus": 0},
    {"computeResources": {"maxvCpus": 3}, "maxvCpus": 4},
    {"computeEnvironmentName": "f", "nodes": {"names": [], "featurs": []}},
    {"computeEnvironmentName": "g", "nodes": {"names": ["g[4-1]", 3], "features": [""]}}])");
  EXPECT_EQ(text.substr(0, text.find("plan.json: computeEnvironments[5]")),
            R"(plan.json: computeEnvironments[0].type: 'FARGATE' must be MANAGED or UNMANAGED
plan.json: computeEnvironments[0].state: 'OFF' must be ENABLED or DISABLED
plan.json: computeEnvironments[0].computeEnvironmentName: 'a b' must be of letters, digits, '-' and '_'
plan.json: computeEnvironments[1].names: unknown field 'names'; it belongs in 'nodes'
plan.json: computeEnvironments[1]: minvCpus is more than maxvCpus
plan.json: computeEnvironments[2].maxvCpus: must be a whole number from 1 to 2147483647, not 0
plan.json: computeEnvironments[2].computeEnvironmentName: compute environment 'e' is there twice
plan.json: computeEnvironments[3].maxvCpus: is given twice: in computeResources, too
plan.json: computeEnvironments[3]: 'computeEnvironmentName' is missing
plan.json: computeEnvironments[4].nodes.featurs: unknown field 'featurs'; did you mean 'features'?
plan.json: computeEnvironments[4].nodes.names: is empty: leave it out for nodes of any name
)");
  EXPECT_NE(text.find("computeEnvironments[5].nodes.names: 'g[4-1]': "), std::string::npos) << text;
  EXPECT_NE(text.find("computeEnvironments[5].nodes.features: '': "), std::string::npos) << text;
}

TEST_F(RulesTest, QueuesNameEnvironmentsInOrder) {
  const auto read = rules(R"("computeEnvironments": [{"computeEnvironmentName": "x"},
      {"computeEnvironmentName": "y"}, {"computeEnvironmentName": "z"}],
    "jobQueues": [{"jobQueueName": "q", "priority": 7, "computeEnvironmentOrder": [
      {"order": 30, "computeEnvironment": "x"}, {"order": 1, "computeEnvironment": "z"},
      {"order": 2, "computeEnvironment": "y"}],
     "jobStateTimeLimitActions": [{"reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
       "state": "RUNNABLE", "maxTimeSeconds": 1, "action": "CANCEL"},
      {"reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - The nodes that can run the job are busy.",
       "state": "RUNNABLE", "maxTimeSeconds": 86401, "action": "CANCEL"}]}])");
  ASSERT_EQ(read.queues.size(), 2U);
  EXPECT_EQ(
      read.queues[0],
      (model::Queue{"q",
                    7,
                    {2, 1, 0},
                    std::nullopt,
                    {{"MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", std::chrono::seconds(1)},
                     {"CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - The nodes that can run the job "
                      "are busy.",
                      std::chrono::seconds(86'401)}}}));
  EXPECT_EQ(read.queues[1], model::Queue{"default"});
}

TEST_F(RulesTest, QueuesAreChecked) {
  EXPECT_EQ(
      faults(R"("computeEnvironments": [{"computeEnvironmentName": "x"},
      {"computeEnvironmentName": "y"}],
    "jobQueues": [{"jobQueueName": "q", "schedulingPolicy": "p", "maxFailures": 3,
      "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "x"},
        {"order": 1, "computeEnvironment": "y"}, {"order": 2, "computeEnvironment": "x"}]},
     {"jobQueueName": "r", "schedulingPolicyArn": "p", "schedulingPolicy": "p",
      "computeEnvironmentOrder": []},
     {"jobQueueName": "s", "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "xx"},
        {"computeEnvironment": "y"}, {"order": -1}, {}]},
     {"jobQueueName": "t", "state": "off", "jobStateTimeLimitActions": [
       {"reason": "because", "state": "RUNNING", "maxTimeSeconds": 0, "action": "TERMINATE"}]}])"),
      R"(plan.json: jobQueues[0].maxFailures: unknown field 'maxFailures'; it belongs in 'arrayProperties'
plan.json: jobQueues[0].computeEnvironmentOrder[1].order: 1 is given twice
plan.json: jobQueues[0].computeEnvironmentOrder[2].computeEnvironment: compute environment 'x' is named twice
plan.json: jobQueues[0].schedulingPolicy: scheduling policy 'p' is unknown; there are none
plan.json: jobQueues[1].computeEnvironmentOrder: is empty: leave it out for all nodes
plan.json: jobQueues[1].schedulingPolicyArn: stands beside 'schedulingPolicy': write one
plan.json: jobQueues[1].schedulingPolicy: scheduling policy 'p' is unknown; there are none
plan.json: jobQueues[2].computeEnvironmentOrder: has more than 3 entries
plan.json: jobQueues[2].computeEnvironmentOrder[0].computeEnvironment: compute environment 'xx' is unknown; known: x, y
plan.json: jobQueues[2].computeEnvironmentOrder[1]: 'order' is missing
plan.json: jobQueues[2].computeEnvironmentOrder[2]: 'computeEnvironment' is missing
plan.json: jobQueues[2].computeEnvironmentOrder[2].order: must be a whole number from 0 to 2147483647, not -1
plan.json: jobQueues[3].state: 'off' must be ENABLED or DISABLED
plan.json: jobQueues[3].jobStateTimeLimitActions[0].state: 'RUNNING' must be RUNNABLE
plan.json: jobQueues[3].jobStateTimeLimitActions[0].action: 'TERMINATE' must be CANCEL
plan.json: jobQueues[3].jobStateTimeLimitActions[0].maxTimeSeconds: must be a whole number from 1 to 2147483647, not 0
plan.json: jobQueues[3].jobStateTimeLimitActions[0].reason: 'because' must be CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY or MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE or MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT
)");
}

TEST_F(RulesTest, ADisabledQueueTakesNoJob) {
  const std::string queue = R"("jobQueues": [{"jobQueueName": "q", "state": "DISABLED"}])";
  EXPECT_EQ(rules(queue).queues.size(), 2U) << "fine as long as nobody names it";
  EXPECT_EQ(errors(in_queue(queue, R"("timeout": {"attemptDurationSeconds": 1})")),
            "plan.json: jobs[0].jobQueue: queue 'q' is DISABLED: it takes no new jobs\n");
}

TEST_F(RulesTest, PoliciesDivideAmongShares) {
  const auto read = rules(R"("schedulingPolicies": [{"name": "fair", "fairsharePolicy":
    {"shareDecaySeconds": 604800, "computeReservation": 99, "shareDistribution": [
      {"shareIdentifier": "lab*", "weightFactor": 0.0001}, {"shareIdentifier": "x",
       "weightFactor": 999.9999}, {"shareIdentifier": "y"}]}}, {"name": "plain"}],
    "jobQueues": [{"jobQueueName": "q", "schedulingPolicy": "plain"},
                  {"jobQueueName": "r", "schedulingPolicyArn": "fair"}])");
  EXPECT_EQ(read.policies[0],
            (model::FairSharePolicy{"fair",
                                    std::chrono::seconds(604'800),
                                    99,
                                    {{"lab*", 0.0001}, {"x", 999.9999}, {"y", 1}}}));
  EXPECT_EQ(read.queues[0].policy, 1U);
  EXPECT_EQ(read.queues[1].policy, 0U);
}

TEST_F(RulesTest, PoliciesAreChecked) {
  EXPECT_EQ(
      faults(R"("schedulingPolicies": [{"name": "a", "shareDistribution": [],
      "fairsharePolicy": {"shareDecaySeconds": 604801, "computeReservation": 100,
      "shareDistribution": [{"shareIdentifier": "lab*", "weightFactor": 0},
       {"shareIdentifier": "lab7", "weightFactor": 1000}, {"shareIdentifier": "a-b"}, {}]}},
      {"name": "a"}, {}])"),
      R"(plan.json: schedulingPolicies[0].shareDistribution: unknown field 'shareDistribution'; it belongs in 'fairsharePolicy'
plan.json: schedulingPolicies[0].fairsharePolicy.shareDecaySeconds: must be a whole number from 0 to 604800, not 604801
plan.json: schedulingPolicies[0].fairsharePolicy.computeReservation: must be a whole number from 0 to 99, not 100
plan.json: schedulingPolicies[0].fairsharePolicy.shareDistribution[0].weightFactor: must be a number from 0.0001 to 999.9999, not 0
plan.json: schedulingPolicies[0].fairsharePolicy.shareDistribution[1].weightFactor: must be a number from 0.0001 to 999.9999, not 1000
plan.json: schedulingPolicies[0].fairsharePolicy.shareDistribution[1].shareIdentifier: 'lab7' and 'lab*' overlap: a share has one weight
plan.json: schedulingPolicies[0].fairsharePolicy.shareDistribution[2].shareIdentifier: 'a-b' must be 1 to 255 letters and digits; a '*' may end it
plan.json: schedulingPolicies[0].fairsharePolicy.shareDistribution[3]: 'shareIdentifier' is missing
plan.json: schedulingPolicies[1].name: scheduling policy 'a' is there twice
plan.json: schedulingPolicies[2]: 'name' is missing
)");
}

TEST_F(RulesTest, SharesGoWithPolicies) {
  const std::string fair = R"("schedulingPolicies": [{"name": "p"}],
                              "jobQueues": [{"jobQueueName": "q", "schedulingPolicy": "p"}])";
  const std::string fifo = R"("jobQueues": [{"jobQueueName": "q"}])";
  const auto plan = good(in_queue(fair, R"("shareIdentifier": "lab7", "schedulingPriority": 3,
                                           "schedulingPriorityOverride": 9999)"));
  EXPECT_EQ(plan.jobs[0].spec.share, "lab7");
  EXPECT_EQ(plan.jobs[0].spec.priority, 9999U);
  EXPECT_EQ(good(in_queue(fifo, R"("schedulingPriority": 3)")).jobs[0].spec.priority, 3U);
  EXPECT_EQ(errors(in_queue(fair, R"("schedulingPriority": 10000)")),
            "plan.json: jobs[0]: 'shareIdentifier' is missing: queue 'q' divides its nodes among "
            "shares by a scheduling policy\n"
            "plan.json: jobs[0].schedulingPriority: must be a whole number from 0 to 9999, not "
            "10000\n");
  EXPECT_EQ(errors(in_queue(fifo, R"("shareIdentifier": "lab*")")),
            "plan.json: jobs[0].shareIdentifier: 'lab*' must be 1 to 255 letters and digits\n"
            "plan.json: jobs[0].shareIdentifier: queue 'q' has no scheduling policy: leave it "
            "out\n");
}

constexpr char kLicences[] = R"("consumableResources": [
    {"consumableResourceName": "matlab", "totalQuantity": 4, "resourceType": "REPLENISHABLE"},
    {"consumableResourceName": "budget", "totalQuantity": 100, "resourceType": "NON_REPLENISHABLE"},
    {"consumableResourceName": "rate", "totalQuantity": 0}])";

TEST_F(RulesTest, ConsumablesAreTakenByJobs) {
  const auto plan = good("{" + std::string(kLicences) + R"(, "jobDefinitions": [
      {"jobDefinitionName": "d", "containerProperties": {"command": ["x"]},
       "consumableResourceProperties": {"consumableResourceList": [
         {"consumableResource": "matlab", "quantity": 4}, {"consumableResource": "budget"}]}}],
    "jobs": [{"jobName": "a", "jobDefinition": "d"},
      {"jobName": "b", "jobDefinition": "d", "consumableResourcePropertiesOverride":
        {"consumableResourceList": [{"consumableResource": "budget", "quantity": 7}]}},
      {"jobName": "c", "jobDefinition": "d", "consumableResourcePropertiesOverride":
        {"consumableResourceList": []}}]})");
  EXPECT_EQ(plan.rules.consumables,
            (std::vector<model::Consumable>{
                {"matlab", 4, true}, {"budget", 100, false}, {"rate", 0, true}}));
  using Uses = std::vector<model::ConsumableUse>;
  EXPECT_EQ(plan.jobs[0].spec.consumables, (Uses{{0, 4}, {1, 1}}));
  EXPECT_EQ(plan.jobs[1].spec.consumables, (Uses{{1, 7}}));
  EXPECT_TRUE(plan.jobs[2].spec.consumables.empty());
}

TEST_F(RulesTest, ConsumablesAreChecked) {
  EXPECT_EQ(
      faults(R"("consumableResources": [{"consumableResourceName": "m", "totalQuantity": -1},
      {"consumableResourceName": "m", "totalQuantity": 1, "resourceType": "ENDLESS"}, {}])"),
      R"(plan.json: consumableResources[0].totalQuantity: must be a whole number of at least 0, not -1
plan.json: consumableResources[1].resourceType: 'ENDLESS' must be REPLENISHABLE or NON_REPLENISHABLE
plan.json: consumableResources[1].consumableResourceName: consumable resource 'm' is there twice
plan.json: consumableResources[2]: 'totalQuantity' is missing
plan.json: consumableResources[2]: 'consumableResourceName' is missing
)");
  const auto uses = [&](const std::string& list) {
    return errors("{" + std::string(kLicences) + R"(, "jobs": [{"jobName": "a",
      "containerProperties": {"command": ["x"]}, "consumableResourceProperties":
      {"consumableResourceList": [)" +
                  list + "]}}]}");
  };
  const std::string place =
      "plan.json: jobs[0].consumableResourceProperties.consumableResourceList";
  EXPECT_EQ(uses(R"({"consumableResource": "matlab", "quantity": 5}, {"consumableResource": "rate"},
              {"consumableResource": "mathlab"}, {"consumableResource": "budget", "quantity": 0},
              {})"),
            place +
                "[0].quantity: 5 is more than there will ever be of 'matlab': its totalQuantity is "
                "4\n" +
                place +
                "[1].quantity: 1 is more than there will ever be of 'rate': its totalQuantity "
                "is 0\n" +
                place +
                "[2].consumableResource: consumable resource 'mathlab' is unknown; did you mean "
                "'matlab'?; known: matlab, budget, rate\n" +
                place + "[3].quantity: must be a whole number of at least 1, not 0\n" + place +
                "[4]: 'consumableResource' is missing\n");
  const std::string one = R"({"consumableResource": "matlab"})";
  EXPECT_EQ(uses(one + "," + one), place + "[1]: 'matlab' is named twice\n");
  EXPECT_EQ(uses(one + "," + one + "," + one + "," + one + "," + one + "," + one),
            place + ": has more than 5 entries\n");
}

TEST_F(RulesTest, APlanBoundsItsFailures) {
  EXPECT_EQ(rules(R"("maxFailures": 0)").max_failures, 0U);
  EXPECT_EQ(rules(R"("jobQueues": [])").max_failures, std::nullopt);
  EXPECT_EQ(faults(R"("maxFailures": "10%")"),
            "plan.json: maxFailures: must be a whole number, not a string\n");
}

}  // namespace
}  // namespace mpibatch::plan
