#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

class FieldsTest : public PlanFiles {};

TEST_F(FieldsTest, UnknownOnesAreNamedWithTheNearest) {
  EXPECT_EQ(errors(R"({"job": [], "jobs": [{"jobName": "a", "comment": 1, "script": "x",
                       "containerProperties": {"comand": ["x"], "command": ["true"]}}]})"),
            "plan.json: job: unknown field 'job'; did you mean 'jobs'?\n"
            "plan.json: jobs[0].comment: unknown field 'comment'; known: jobName, jobQueue, "
            "jobDefinition, parameters, containerOverrides, nodeOverrides, arrayProperties, "
            "dependsOn, retryStrategy, timeout, shareIdentifier, schedulingPriorityOverride, "
            "consumableResourcePropertiesOverride, type, containerProperties, nodeProperties, "
            "schedulingPriority, constraints, consumableResourceProperties, expectedSeconds, "
            "notBeforeSeconds, checkpoint, results, keepTmp, maxLogMiB, logFiles, tags\n"
            "plan.json: jobs[0].script: unknown field 'script'; it belongs in "
            "'containerProperties'\n"
            "plan.json: jobs[0].containerProperties.comand: unknown field 'comand'; did you mean "
            "'command'?\n");
}

TEST_F(FieldsTest, ThoseOfLaterVersionsAreRefusedByName) {
  for (const char* field : {"propagateTags", "ecsProperties", "ecsPropertiesOverride",
                            "eksPropertiesOverride", "containerRuntime"})
    EXPECT_EQ(
        job_errors("\"" + std::string(field) + "\": 1"),
        "plan.json: jobs[0]." + std::string(field) + ": '" + field + "' is not supported yet\n");
  for (const char* field : {"image", "volumes", "mountPoints", "user", "privileged", "ulimits",
                            "linuxParameters", "secrets", "jobRoleArn", "logConfiguration"})
    EXPECT_EQ(job_errors("\"containerOverrides\": {\"" + std::string(field) + "\": 1}"),
              "plan.json: jobs[0].containerOverrides." + std::string(field) + ": '" + field +
                  "' is not supported yet\n");
  EXPECT_EQ(errors(R"({"computeEnvironments": [{"computeEnvironmentName": "e", "serviceRole": "r",
                         "computeResources": {"subnets": []}}],
                       "jobQueues": [{"jobQueueName": "q", "jobQueueType": "x"}],
                       "jobDefinitions": [{"jobDefinitionName": "d",
                                           "platformCapabilities": ["EC2"]}],
                       "jobs": [{"jobName": "a", "containerProperties": {"command": ["true"]}}]})"),
            R"(plan.json: computeEnvironments[0].serviceRole: 'serviceRole' is not supported yet
plan.json: computeEnvironments[0].computeResources.subnets: 'subnets' is not supported yet
plan.json: jobQueues[0].jobQueueType: 'jobQueueType' is not supported yet
plan.json: jobDefinitions[0].platformCapabilities: 'platformCapabilities' is not supported yet
)");
}

TEST_F(FieldsTest, HaveTypes) {
  EXPECT_EQ(errors(R"({"jobQueues": {}, "jobDefinitions": [3], "jobs": [7, {"jobName": 1,
      "jobQueue": [], "parameters": [], "arrayProperties": 3, "dependsOn": {}, "retryStrategy": 1,
      "timeout": {"attemptDurationSeconds": 1.5}, "keepTmp": "yes", "tags": 3, "type": null,
      "containerProperties": {"command": ["sleep", 1], "environment": {}, "vcpus": "2",
      "memory": 3, "resourceRequirements": [{"type": "VCPU", "value": "two"}, 1]}}]})"),
            R"(plan.json: jobQueues: must be an array, not an object
plan.json: jobDefinitions[0]: must be an object, not a number
plan.json: jobs[0]: must be an object, not a number
plan.json: jobs[1].jobName: must be a string, "1", not a number
plan.json: jobs[1].jobQueue: must be a string, not an array
plan.json: jobs[1].type: must be a string, not null
plan.json: jobs[1].containerProperties.command[1]: must be a string, "1", not a number
plan.json: jobs[1].containerProperties.environment: must be an array, not an object
plan.json: jobs[1].containerProperties.resourceRequirements[0].value: must be a whole number from 1 to 2147483647, not "two"
plan.json: jobs[1].containerProperties.resourceRequirements[1]: must be an object, not a number
plan.json: jobs[1].containerProperties.vcpus: must be a whole number, not a string
plan.json: jobs[1].containerProperties.memory: must be a whole number from 4 to 1125899906842624, not 3
plan.json: jobs[1].parameters: must be an object of names and values, not an array
plan.json: jobs[1].retryStrategy: must be an object, not a number
plan.json: jobs[1].timeout.attemptDurationSeconds: must be a whole number from 1 to 2147483647, not 1.5
plan.json: jobs[1].keepTmp: must be true or false, not a string
plan.json: jobs[1].tags: must be an object of strings, not a number
plan.json: jobs[1].arrayProperties: must be an object, not a number
plan.json: jobs[1].dependsOn: must be an array, not an object
)");
}

TEST_F(FieldsTest, NamesOfQueuesAndDefinitionsAreResolved) {
  EXPECT_EQ(errors(R"({
      "jobQueues": [{"jobQueueName": "cpu"}, {"jobQueueName": "debug"}, {"jobQueueName": "cpu"},
                    {"priority": 1}],
      "jobDefinitions": [{"jobDefinitionName": "align", "containerProperties": {"command": ["a"]}},
                         {"jobDefinitionName": "align"}],
      "jobs": [{"jobName": "a", "jobQueue": "gpu", "jobDefinition": "aling"},
               {"jobName": "b", "jobQueue": "zzzzz", "jobDefinition": "align:3"},
               {"jobName": "c", "jobDefinition": "arn:aws:batch:x"},
               {"jobName": "d", "jobDefinition": "align",
                "containerProperties": {"command": ["b"]}}]})"),
            R"(plan.json: jobQueues[2].jobQueueName: queue 'cpu' is there twice
plan.json: jobQueues[3]: 'jobQueueName' is missing
plan.json: jobDefinitions[1].jobDefinitionName: job definition 'align:1' is there twice, see jobDefinitions[0]: give each a 'revision' of its own
plan.json: jobs[0].jobQueue: queue 'gpu' is unknown; did you mean 'cpu'?; known: cpu, debug, default
plan.json: jobs[0].jobDefinition: job definition 'aling' is unknown; did you mean 'align'?; known: align
plan.json: jobs[1].jobQueue: queue 'zzzzz' is unknown; known: cpu, debug, default
plan.json: jobs[1].jobDefinition: job definition 'align' has no revision '3'; known: 1
plan.json: jobs[2].jobDefinition: an ARN is not supported yet: write name or name:revision
plan.json: jobs[3].containerProperties: stands beside 'jobDefinition': a job names a definition or carries its own; to change one for this job write 'containerOverrides'
)");
}

TEST_F(FieldsTest, TagsAreCheckedAndDropped) {
  EXPECT_EQ(good_job(R"("containerProperties": {"command": ["a"]}, "tags": {"a": "b"})").spec.name,
            "a");
  EXPECT_EQ(job_errors(R"("tags": {"": "b", "a": 3, "b": ")" + std::string(257, 'x') + "\"}"),
            "plan.json: jobs[0].tags.\"\": a tag's name has 1 to 128 characters\n"
            "plan.json: jobs[0].tags.a: must be a string, \"3\", not a number\n"
            "plan.json: jobs[0].tags.b: a tag's value has at most 256 characters\n");
  std::string many = R"("tags": {"t0": "")";
  for (int i = 1; i < 51; ++i) many += ", \"t" + std::to_string(i) + "\": \"\"";
  EXPECT_EQ(job_errors(many + "}"), "plan.json: jobs[0].tags: has more than 50 tags\n");
}

TEST_F(FieldsTest, AllErrorsOfABadPlanComeAtOnce) {
  write("samples.csv", "sample,fq\nNA017,a.fq\nNA018\nNA017,b.fq\n");
  write("good.csv", "sample\nNA017\nNA018\nNA017\n");
  EXPECT_EQ(errors(R"({
    "jobQueues": [{"jobQueueName": "cpu", "priorty": 3}],
    "jobDefinitions": [{"jobDefinitionName": "align", "containerProperties":
      {"command": ["bowtie2", "Ref::{smaple}"], "image": "bowtie2"}}],
    "jobs": [
      {"jobName": "index", "jobQueue": "gpu", "containerProperties": {"command": "bowtie2-build"}},
      {"jobName": "align", "jobDefinition": "align",
       "arrayProperties": {"parametersFile": "good.csv", "key": "sample"},
       "dependsOn": [{"jobId": "indexx"}, {"jobId": "report"}]},
      {"jobName": "sort", "jobDefinition": "sort", "arrayProperties": {"size": 16},
       "dependsOn": [{"jobId": "align", "type": "N_TO_N"}]},
      {"jobName": "merge", "containerProperties": {"command": ["true"]},
       "arrayProperties": {"parametersFile": "samples.csv"},
       "dependsOn": [{"type": "SEQUENTIAL"}, {"jobId": "sort", "type": "AFTER_ANY"}]},
      {"jobName": "report", "containerProperties": {"command": ["true"]},
       "timeout": {"attemptDurationSeconds": 0}, "dependsOn": [{"jobId": "merge"}, {"jobId": "align"}]},
      {"jobName": "index", "containerProperties": {"command": ["true"]}}]})"),
            R"(plan.json: jobQueues[0].priorty: unknown field 'priorty'; did you mean 'priority'?
plan.json: jobDefinitions[0].containerProperties.image: 'image' is not supported yet
plan.json: jobs[0].jobQueue: queue 'gpu' is unknown; did you mean 'cpu'?; known: cpu, default
plan.json: jobs[0].containerProperties.command: must be an array, not a string
plan.json: jobs[1].arrayProperties.key: the key 'NA017' stands twice: lines 2 and 4 of good.csv; each child needs a key of its own
plan.json: jobDefinitions[0].containerProperties.command[1]: Ref::{smaple} has no value (job 'align'); parameters: sample
plan.json: jobs[2].jobDefinition: job definition 'sort' is unknown; known: align
plan.json: jobs[4].timeout.attemptDurationSeconds: must be a whole number from 1 to 2147483647, not 0
plan.json: jobs[5].jobName: job 'index' is there twice, see jobs[0]
plan.json: jobs[1].dependsOn[0].jobId: job 'indexx' is unknown; did you mean 'index'?; known: index, align, sort, merge, report
plan.json: jobs[2].dependsOn[0].type: N_TO_N needs arrays of one size: 'sort' has 16 children, 'align' 3
plan.json: jobs[1].dependsOn: jobs wait for each other: align → report → merge → sort → align
plan.json: jobs[1].dependsOn: jobs wait for each other: align → report → align
samples.csv: line 3: has 1 value, the header 2
)");
}

}  // namespace
}  // namespace mpibatch::plan
