#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using Ranges = std::vector<model::GangRange>;

class GangTest : public PlanFiles {
 protected:
  // Of a job with these nodeProperties, and other fields.
  static std::string job(const std::string& nodes, const std::string& fields = "") {
    return R"({"jobs": [{"jobName": "a", "type": "multinode", "nodeProperties": )" + nodes +
           fields + "}]}";
  }
  static std::string range(const std::string& targets, const std::string& fields = "") {
    return R"({"targetNodes": ")" + targets + R"(", "container": {"command": ["mpirun", "sim"])" +
           fields + "}}";
  }
  static std::string nodes(const std::string& count, const std::string& ranges,
                           const std::string& fields = "") {
    return R"({"numNodes": )" + count + fields + R"(, "nodeRangeProperties": [)" + ranges + "]}";
  }
  // Of a job that names a definition with these nodes, 0: and 2:3.
  std::string overridden(const std::string& overrides, const std::string& ranges) {
    return R"({"jobDefinitions": [{"jobDefinitionName": "sim", "type": "multinode",
        "nodeProperties": )" +
           nodes("6", ranges) + R"(}], "jobs": [{"jobName": "a", "jobDefinition": "sim",
        "nodeOverrides": )" +
           overrides + "}]}";
  }
};

TEST_F(GangTest, RangesCoverAllNodesAndNestedOnesWin) {
  const auto plan = good(job(
      nodes("8",
            range("0:", R"(, "vcpus": 4, "memory": 100)") + "," +
                range("2:3", R"(, "vcpus": 2, "gpus": 1)") + "," + range(":5", R"(, "vcpus": 1)"),
            R"(, "mainNode": 2, "spread": false, "exclusive": true, "mpiProperties":
               {"launcher": "DIRECT", "ranksPerNode": 4, "threadsPerRank": 2})")));
  ASSERT_EQ(plan.jobs.size(), 1U);
  const model::JobSpec& spec = plan.jobs[0].spec;
  ASSERT_TRUE(spec.gang);
  EXPECT_EQ(
      *spec.gang,
      (model::Gang{
          8, 2,
          Ranges{{0, 2, {1, 0, 0}}, {2, 4, {2, 0, 1}}, {4, 6, {1, 0, 0}}, {6, 8, {4, 100, 0}}},
          false, true}));
  EXPECT_EQ(spec.resources, (model::Resources{2, 0, 1})) << "the main node's";
  EXPECT_EQ(plan.jobs[0].execution.command, (std::vector<std::string>{"mpirun", "sim"}));
}

TEST_F(GangTest, SpreadsByDefaultAndMayBeAnArray) {
  const auto plan = good(job(nodes("\"2\"", range("0:1")), R"(, "arrayProperties": {"size": 3})"));
  ASSERT_EQ(plan.jobs.size(), 1U);
  EXPECT_EQ(*plan.jobs[0].spec.gang, (model::Gang{2, 0, Ranges{{0, 2, {1, 0, 0}}}, true, false}));
  EXPECT_EQ(plan.jobs[0].spec.size, 3U);
}

TEST_F(GangTest, TheNumberOfNodesMayBeAParameter) {
  const auto made = [&](const std::string& fields) {
    return job(nodes("\"Ref::{n}\"", range("0:")), fields);
  };
  EXPECT_EQ(good(made(R"(, "parameters": {"n": 5})")).jobs[0].spec.gang->nodes, 5U);
  EXPECT_EQ(good(made(R"(, "parameters": {"n": "1000"})")).jobs[0].spec.gang->nodes, 1000U);
  const std::string place = "plan.json: jobs[0].nodeProperties.numNodes: Ref::{n} ";
  EXPECT_EQ(errors(made("")), place + "has no value (job 'a')\n");
  EXPECT_EQ(errors(made(R"(, "parameters": {"n": "0"})")),
            place + "is '0'; it must be a whole number from 1 to 1000 (job 'a')\n");
  EXPECT_EQ(errors(made(R"(, "arrayProperties": {"parameterGrid": {"n": [1, 2]}})")),
            place +
                "differs from child to child; the number of nodes is the same for all (job "
                "'a')\n");
}

TEST_F(GangTest, NodePropertiesAreChecked) {
  const std::string place = "plan.json: jobs[0].nodeProperties";
  EXPECT_EQ(
      errors(job(nodes("1001",
                       range("0:x") + "," + range("") + "," + range("3:2") + "," + range("1") +
                           "," + range("1:1") + ", {}",
                       R"(, "mainNode": -1, "spread": 1, "ranksPerNode": 3,
                                "mpiProperties": {"launcher": "SRUN", "ranksPerNode": 0})"))),
      place + R"(.ranksPerNode: unknown field 'ranksPerNode'; it belongs in 'mpiProperties'
)" + place +
          R"(.numNodes: must be a whole number from 1 to 1000, not 1001
)" + place +
          R"(.mainNode: must be a whole number from 0 to 999, not -1
)" + place +
          R"(.nodeRangeProperties[0].targetNodes: '0:x' must be a range of nodes: "0:3", ":3" or "4:", of nodes below 1000
)" + place +
          R"(.nodeRangeProperties[1].targetNodes: '' must be a range of nodes: "0:3", ":3" or "4:", of nodes below 1000
)" + place +
          R"(.nodeRangeProperties[2].targetNodes: '3:2' must be a range of nodes: "0:3", ":3" or "4:", of nodes below 1000
)" + place +
          R"(.nodeRangeProperties[4].targetNodes: the nodes '1:1' are there twice, see jobs[0].nodeProperties.nodeRangeProperties[3].targetNodes
)" + place +
          R"(.nodeRangeProperties[5]: 'targetNodes' is missing
)" + place +
          R"(.nodeRangeProperties[5]: 'container' is missing
)" + place +
          R"(.mpiProperties.launcher: 'SRUN' must be MPIRUN or DIRECT
)" + place +
          R"(.mpiProperties.ranksPerNode: must be a whole number from 1 to 1048576, not 0
)" + place +
          R"(.spread: must be true or false, not a number
)");
  EXPECT_EQ(errors(job("{}")),
            place + ": 'numNodes' is missing\n" + place + ": 'nodeRangeProperties' is missing\n");
}

TEST_F(GangTest, RangesMustFit) {
  const std::string place = "plan.json: jobs[0].nodeProperties.";
  EXPECT_EQ(errors(job(nodes("4", range("0:1") + "," + range("3:")))),
            place +
                "numNodes: no range holds node 2 of 4: nodeRangeProperties must cover all (job "
                "'a')\n");
  EXPECT_EQ(errors(job(nodes("4", range("0:4") + "," + range("5:")))),
            place +
                "nodeRangeProperties[0].targetNodes: '0:4' goes beyond the last of 4 nodes, "
                "which is 3 (job 'a')\n" +
                place +
                "nodeRangeProperties[1].targetNodes: '5:' goes beyond the last of 4 nodes, which "
                "is 3 (job 'a')\n");
  EXPECT_EQ(errors(job(nodes("4", range("0:2") + "," + range("1:3")))),
            place +
                "nodeRangeProperties[1].targetNodes: '1:3' and '0:2' overlap: one must hold "
                "the other or they must be apart (job 'a')\n");
  EXPECT_EQ(errors(job(nodes("4", range("0:"), R"(, "mainNode": 4)"))),
            place + "mainNode: 4 is none of 4 nodes, counted from 0 (job 'a')\n");
}

TEST_F(GangTest, ContainersAreCheckedLikeOthers) {
  const std::string place = "plan.json: jobs[0].nodeProperties.nodeRangeProperties";
  EXPECT_EQ(errors(job(nodes("2", R"({"targetNodes": "0:", "container": {"vcpus": 2}},
      {"targetNodes": "1:1", "container": {"command": ["x", "Ref::{y}"]}})"))),
            place +
                "[1].container.command[1]: Ref::{y} has no value (job 'a'); there are no "
                "parameters\n" +
                place +
                "[0].targetNodes: the main node has nothing to run: 'command' or 'script' "
                "is missing in its container (job 'a')\n");
}

TEST_F(GangTest, TypesAndPropertiesGoTogether) {
  const std::string nodes2 = nodes("2", range("0:"));
  EXPECT_EQ(errors(job(nodes2, R"(, "containerProperties": {"command": ["x"]})")),
            "plan.json: jobs[0].containerProperties: is of a container job: a multinode job has "
            "its containers in nodeProperties\n");
  EXPECT_EQ(errors(R"({"jobs": [{"jobName": "a", "nodeProperties": )" + nodes2 + "}]}"),
            "plan.json: jobs[0].nodeProperties: is of a multinode job: write \"type\": "
            "\"multinode\"\n");
  EXPECT_NE(errors(R"({"jobs": [{"jobName": "a", "type": "multinode"}]})")
                .find("jobs[0]: 'nodeProperties' is missing: a multinode job needs it"),
            std::string::npos);
  EXPECT_EQ(errors(job(nodes2, R"(, "containerOverrides": {"vcpus": 3})")),
            "plan.json: jobs[0].containerOverrides: is for container jobs: write 'nodeOverrides' "
            "for a multinode job\n");
  EXPECT_EQ(job_errors(R"("nodeOverrides": {})"),
            "plan.json: jobs[0].nodeOverrides: is for multinode jobs: write 'containerOverrides' "
            "for a container job\n");
}

TEST_F(GangTest, OverridesChangeTheDefinitions) {
  const std::string ranges = range("0:") + "," + range("2:3", R"(, "vcpus": 2)");
  const auto plan = good(overridden(R"({"numNodes": 5, "nodePropertyOverrides": [
      {"targetNodes": "2:3", "containerOverrides": {"vcpus": 7, "command": []}}]})",
                                    ranges));
  ASSERT_EQ(plan.jobs.size(), 1U);
  EXPECT_EQ(plan.jobs[0].spec.gang->ranges,
            (Ranges{{0, 2, {1, 0, 0}}, {2, 4, {7, 0, 0}}, {4, 5, {1, 0, 0}}}));
  const std::string place = "plan.json: jobs[0].nodeOverrides.";
  EXPECT_EQ(
      errors(overridden(R"({"nodePropertyOverrides": [{"targetNodes": "0:0"}, {}]})", ranges)),
      place +
          "nodePropertyOverrides[0].targetNodes: NodeOverride targets should match job "
          "definition. Non matching targets - 0:0; the definition's: 0:, 2:3\n" +
          place + "nodePropertyOverrides[1]: 'targetNodes' is missing\n");
  EXPECT_EQ(errors(overridden(R"({"numNodes": 6})", range("0:5"))),
            place +
                "numNodes: numNodes can be overridden only where the definition has a range "
                "without an end, such as \"0:\"\n");
}

TEST_F(GangTest, WhatAnAttemptSeesIsInTheDigest) {
  const auto digest = [&](const std::string& text) { return good(text).jobs[0].spec.digest; };
  const std::string ranges = range("0:") + "," + range("1:1");
  const std::uint64_t first = digest(job(nodes("4", ranges)));
  EXPECT_EQ(digest(job(nodes("4", ranges))), first);
  EXPECT_NE(digest(job(nodes("5", ranges))), first);
  EXPECT_NE(digest(job(nodes("4", ranges, R"(, "mainNode": 2)"))), first);
  EXPECT_NE(digest(job(nodes("4", range("0:") + "," + range("1:1", R"(, "vcpus": 2)")))), first);
}

}  // namespace
}  // namespace mpibatch::plan
