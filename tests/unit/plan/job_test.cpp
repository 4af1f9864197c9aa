#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using Texts = std::vector<std::string>;

class JobTest : public PlanFiles {};

TEST_F(JobTest, NeedsANameAndACommandOnly) {
  const auto plan = good(
      R"({"jobs": [{"jobName": "hello", "containerProperties": {"command": ["echo", "hi"]}}]})");
  ASSERT_EQ(plan.jobs.size(), 1U);
  ASSERT_EQ(plan.rules.queues.size(), 1U);
  EXPECT_EQ(plan.rules.queues[0].name, "default");
  const auto& job = plan.jobs[0];
  EXPECT_EQ(job.spec.name, "hello");
  EXPECT_FALSE(job.spec.array);
  EXPECT_EQ(job.spec.size, 1U);
  EXPECT_EQ(job.spec.resources, (model::Resources{1, 0}));
  EXPECT_EQ(job.spec.retry, model::RetryStrategy{});
  EXPECT_EQ(job.execution.command, (Texts{"echo", "hi"}));
  EXPECT_EQ(job.execution.name, "hello");
  EXPECT_EQ(job.execution.definition, "hello");
  EXPECT_EQ(job.execution.queue, "default");
  EXPECT_EQ(job.execution.working_directory, "");
  EXPECT_EQ(keys(job), Texts{"0"});
}

TEST_F(JobTest, TakesEveryFieldThatIsSupported) {
  const auto job = good_job(R"(
    "type": "container", "tags": {"team": "genomics"}, "keepTmp": true,
    "parameters": {"in": "a.fq", "n": 4},
    "containerProperties": {
      "command": ["run", "Ref::in", "--n=Ref::{n}"],
      "environment": [{"name": "MODE", "value": "fast"}],
      "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": 4000}],
      "workingDirectory": "/data"},
    "retryStrategy": {"attempts": 3, "evaluateOnExit": [
      {"onExitCode": "13*", "action": "retry"}, {"onReason": "Out*", "onStatusReason": "x",
       "action": "EXIT"}, {"onExitCode": 7, "action": "Exit"}]},
    "timeout": {"attemptDurationSeconds": 90})");
  EXPECT_EQ(job.execution.command, (Texts{"run", "Ref::in", "--n=Ref::{n}"}));
  EXPECT_EQ(job.execution.parameters, (model::Environment{{"in", "a.fq"}, {"n", "4"}}));
  EXPECT_EQ(job.execution.environment, (model::Environment{{"MODE", "fast"}}));
  EXPECT_EQ(job.spec.resources, (model::Resources{2, 4000}));
  EXPECT_EQ(job.execution.resources, job.spec.resources);
  EXPECT_EQ(job.execution.working_directory, "/data");
  EXPECT_EQ(job.execution.timeout, std::chrono::seconds(90));
  EXPECT_TRUE(job.execution.keep_tmp);
  ASSERT_EQ(job.spec.retry.rules.size(), 3U);
  EXPECT_EQ(job.spec.retry.attempts, 3U);
  EXPECT_EQ(job.spec.retry.rules[0].action, model::RetryAction::Retry);
  EXPECT_EQ(job.spec.retry.rules[0].on_exit_code, "13*");
  EXPECT_EQ(job.spec.retry.rules[1].on_reason, "Out*");
  EXPECT_EQ(job.spec.retry.rules[1].on_status_reason, "x");
  EXPECT_EQ(job.spec.retry.rules[2].action, model::RetryAction::Exit);
  EXPECT_EQ(job.spec.retry.rules[2].on_exit_code, "7");
}

TEST_F(JobTest, RunsAScriptInBash) {
  const auto job = good_job(R"("parameters": {"ref": "x; rm"},
                               "containerProperties": {"script": "echo \"$ref\"\n"})");
  EXPECT_EQ(job.execution.command, (Texts{"bash", "-euo", "pipefail", "-c", "echo \"$ref\"\n"}));
  EXPECT_EQ(job.execution.parameters, (model::Environment{{"ref", "x; rm"}}));
}

TEST_F(JobTest, RefusesValuesInTheTextOfAScript) {
  EXPECT_EQ(errors(R"({"jobs": [{"jobName": "a", "parameters": {"x": "1"},
                                 "containerProperties": {"script": "echo Ref::{x}"}}]})"),
            "plan.json: jobs[0].containerProperties.script: Ref::{x} in a script would be read by "
            "bash as code: write \"$x\", scripts have all parameters as variables (job 'a')\n");
}

TEST_F(JobTest, RefusesParametersThatWouldBeReservedVariables) {
  for (const char* kind : {R"("script": "true")", R"("command": ["true"])"})
    EXPECT_NE(errors(R"({"jobs": [{"jobName": "a", "parameters": {"PATH": "1"},
                                   "containerProperties": {)" +
                     std::string(kind) + "}}]}")
                  .find("jobs[0].parameters.PATH: the name 'PATH' is reserved"),
              std::string::npos);
}

TEST_F(JobTest, AcceptsShortResources) {
  const auto job =
      good_job(R"("containerProperties": {"command": ["a"], "vcpus": 4, "memory": 100})");
  EXPECT_EQ(job.spec.resources, (model::Resources{4, 100}));
}

TEST_F(JobTest, OverridesItsDefinition) {
  const auto plan = good(R"({
    "jobDefinitions": [
      {"jobDefinitionName": "align", "parameters": {"in": "none", "n": "1"},
       "containerProperties": {"command": ["old"], "vcpus": 2, "memory": 100,
         "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
       "retryStrategy": {"attempts": 5}, "timeout": {"attemptDurationSeconds": 10}},
      {"jobDefinitionName": "align", "revision": 2,
       "containerProperties": {"command": ["new"]}}],
    "jobs": [
      {"jobName": "a", "jobDefinition": "align:1", "parameters": {"n": "9"},
       "containerOverrides": {"command": ["x", "Ref::{in}"], "memory": 200,
         "environment": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]},
       "retryStrategy": {"attempts": 2}},
      {"jobName": "b", "jobDefinition": "align"}]})");
  ASSERT_EQ(plan.jobs.size(), 2U);
  const auto& a = plan.jobs[0];
  EXPECT_EQ(a.execution.definition, "align");
  EXPECT_EQ(a.execution.command, (Texts{"x", "Ref::{in}"}));
  EXPECT_EQ(a.execution.parameters, (model::Environment{{"in", "none"}, {"n", "9"}}));
  EXPECT_EQ(a.execution.environment, (model::Environment{{"A", "1"}, {"B", "3"}, {"C", "4"}}));
  EXPECT_EQ(a.spec.resources, (model::Resources{2, 200}));
  EXPECT_EQ(a.spec.retry.attempts, 2U);
  EXPECT_EQ(a.execution.timeout, std::chrono::seconds(10));
  EXPECT_EQ(plan.jobs[1].execution.command, Texts{"new"});
}

TEST_F(JobTest, GoesToItsQueue) {
  const auto plan = good(R"({
    "jobQueues": [{"jobQueueName": "low", "priority": 1, "state": "ENABLED"},
                  {"jobQueueName": "high", "priority": 10}],
    "jobs": [{"jobName": "a", "jobQueue": "high", "containerProperties": {"command": ["true"]}},
             {"jobName": "b", "containerProperties": {"command": ["true"]}}]})");
  ASSERT_EQ(plan.rules.queues.size(), 3U);
  EXPECT_EQ(plan.rules.queues[plan.jobs[0].spec.queue], (model::Queue{"high", 10}));
  EXPECT_EQ(plan.jobs[0].execution.queue, "high");
  EXPECT_EQ(plan.rules.queues[plan.jobs[1].spec.queue].name, "default");
}

TEST_F(JobTest, LetsChildrensValuesStandBeforeItsParameters) {
  write("s.csv", "in\nx\n");
  const auto job = good_job(R"("parameters": {"in": "a", "out": "b"},
    "containerProperties": {"command": ["Ref::in", "Ref::out"]},
    "arrayProperties": {"parametersFile": "s.csv"})");
  EXPECT_EQ(job.execution.parameter_names, Texts{"in"});
  EXPECT_EQ(job.execution.parameters, (model::Environment{{"out", "b"}}));
}

TEST_F(JobTest, TakesSizesFromOneToTenMillion) {
  EXPECT_EQ(good_job(R"("containerProperties": {"command": ["a"]},
                        "arrayProperties": {"size": 1})")
                .spec.size,
            1U);
  const auto big = good_job(R"("containerProperties": {"command": ["a"]},
                               "arrayProperties": {"size": 10000000})");
  EXPECT_TRUE(big.spec.array);
  EXPECT_EQ(big.execution.size, 10'000'000U);
  EXPECT_EQ(job_errors(R"("arrayProperties": {"size": 0})"),
            "plan.json: jobs[0].arrayProperties.size: must be a whole number from 1 to 10000000, "
            "not 0\n");
  EXPECT_NE(job_errors(R"("arrayProperties": {"size": 10000001})").find("not 10000001"),
            std::string::npos);
  EXPECT_NE(job_errors(R"("arrayProperties": {})").find("is missing"), std::string::npos);
  EXPECT_NE(job_errors(R"("arrayProperties": {"size": 2, "parameterGrid": {"a": [1]}})")
                .find("arrayProperties.size: stands beside"),
            std::string::npos);
  EXPECT_NE(
      job_errors(R"("arrayProperties": {"size": 2, "key": "a"})").find("needs a parametersFile"),
      std::string::npos);
}

TEST_F(JobTest, ShowsWhatAReferenceCouldMean) {
  write("s.csv", "sample,fq\nx,y\n");
  EXPECT_EQ(errors(R"({"jobs": [{"jobName": "a", "parameters": {"ref": "r"},
     "arrayProperties": {"parametersFile": "s.csv"},
     "containerProperties": {"command": ["x", "Ref::smaple", "Ref::sample_sorted.bam", "Ref::{fq",
                                         "Ref::{ref}Ref::fq"]}}]})"),
            "plan.json: jobs[0].containerProperties.command[1]: Ref::{smaple} has no value (job "
            "'a'); parameters: sample, fq, ref\n"
            "plan.json: jobs[0].containerProperties.command[2]: Ref::{sample_sorted} has no value "
            "(job 'a'); write 'Ref::{sample}_sorted' where 'sample' is meant; parameters: sample, "
            "fq, ref\n"
            "plan.json: jobs[0].containerProperties.command[3]: 'Ref::{' must be followed by a "
            "parameter's name and '}' (job 'a')\n");
}

TEST_F(JobTest, RefusesNamesThatAreTakenFromTheEnvironment) {
  EXPECT_EQ(
      job_errors(R"("containerOverrides": {"environment": [
      {"name": "AWS_BATCH_X", "value": "1"}, {"name": "MPIBATCH_Y", "value": "1"},
      {"name": "PATH", "value": "1"}, {"name": "LD_LIBRARY_PATH", "value": "1"},
      {"name": "", "value": "1"}, {"name": "A=B", "value": "1"}, {"name": "C", "value": "Ref::c"},
      {"name": "C", "value": "1"}, {"name": "D"}]})"),
      R"(plan.json: jobs[0].containerOverrides.environment[0].name: 'AWS_BATCH_X' is reserved: names that begin with AWS_BATCH cannot be set
plan.json: jobs[0].containerOverrides.environment[1].name: 'MPIBATCH_Y' is reserved: names that begin with MPIBATCH cannot be set
plan.json: jobs[0].containerOverrides.environment[2].name: 'PATH' is reserved: attempts have the PATH that `run` was started with
plan.json: jobs[0].containerOverrides.environment[3].name: 'LD_LIBRARY_PATH' is reserved: names that begin with LD_ cannot be set
plan.json: jobs[0].containerOverrides.environment[4].name: must not be empty
plan.json: jobs[0].containerOverrides.environment[5].name: 'A=B' must hold neither '=' nor NUL
plan.json: jobs[0].containerOverrides.environment[6].value: Ref:: is not supported here yet: it is replaced in 'command' only
plan.json: jobs[0].containerOverrides.environment[7].name: 'C' is set twice
plan.json: jobs[0].containerOverrides.environment[8]: 'value' is missing
)");
  write("s.csv", "MODE\nx\n");
  EXPECT_NE(job_errors(R"("containerOverrides": {"environment": [{"name": "MODE", "value": "1"}]},
                          "arrayProperties": {"parametersFile": "s.csv"})")
                .find("'MODE' is set here and is a parameter of the children"),
            std::string::npos);
}

TEST_F(JobTest, ChecksRetryStrategies) {
  EXPECT_EQ(
      job_errors(R"("retryStrategy": {"attempts": 11, "memoryMultiplier": 2, "evaluateOnExit":
      [{"onExitCode": "1x", "action": "RETRY"}, {"onReason": "a*b", "action": "MAYBE"},
       {"onReason": "", "action": "EXIT"}, {"onStatusReason": "x"}, {"on": 1, "action": "EXIT"},
       {"action": "EXIT"}]})"),
      R"(plan.json: jobs[0].retryStrategy.attempts: must be a whole number from 1 to 10, not 11
plan.json: jobs[0].retryStrategy.evaluateOnExit: has more than 5 entries
plan.json: jobs[0].retryStrategy.evaluateOnExit[0].onExitCode: '1x' must be of digits, with one '*' at the end if at all
plan.json: jobs[0].retryStrategy.evaluateOnExit[1].onReason: 'a*b' may have one '*', as its last character
plan.json: jobs[0].retryStrategy.evaluateOnExit[1].action: 'MAYBE' must be RETRY or EXIT
plan.json: jobs[0].retryStrategy.evaluateOnExit[2].onReason: must have 1 to 512 characters
plan.json: jobs[0].retryStrategy.evaluateOnExit[3]: 'action' is missing
plan.json: jobs[0].retryStrategy.evaluateOnExit[4].on: unknown field 'on'; known: onStatusReason, onReason, onExitCode, action
plan.json: jobs[0].retryStrategy: 'memoryMultiplier' multiplies nothing: the job asks for no MEMORY
)");
  EXPECT_NE(job_errors(R"("retryStrategy": {"evaluateOnExit": []})").find("'attempts' is missing"),
            std::string::npos);
}

TEST_F(JobTest, ChecksNames) {
  const auto named = [&](const std::string& name) {
    return errors(R"({"jobs": [{"jobName": ")" + name +
                  R"(", "containerProperties": {"command": ["true"]}}]})");
  };
  EXPECT_EQ(named("a b"),
            "plan.json: jobs[0].jobName: 'a b' must be of letters, digits, '-' and '_'\n");
  EXPECT_EQ(named("_a"), "plan.json: jobs[0].jobName: '_a' must begin with a letter or a digit\n");
  EXPECT_EQ(named(""), "plan.json: jobs[0].jobName: must not be empty\n");
  EXPECT_EQ(named(std::string(129, 'a')),
            "plan.json: jobs[0].jobName: is longer than 128 characters\n");
  EXPECT_EQ(good(R"({"jobs": [{"jobName": ")" + std::string(128, 'a') +
                 R"(", "containerProperties": {"command": ["true"]}}]})")
                .jobs.size(),
            1U);
}

TEST_F(JobTest, NeedsSomethingToRun) {
  EXPECT_EQ(errors(R"({"jobs": [{"jobName": "a"}]})"),
            "plan.json: jobs[0]: has nothing to run: 'command' or 'script' is missing in its "
            "containerProperties\n");
  EXPECT_NE(errors(R"({"jobs": [{"jobName": "a", "containerProperties": {"command": []}}]})")
                .find("must begin with a program to run"),
            std::string::npos);
  EXPECT_NE(errors(R"({"jobs": [{"jobName": "a", "containerProperties": {"script": " \n"}}]})")
                .find("is empty"),
            std::string::npos);
  EXPECT_NE(job_errors(R"("containerOverrides": {"command": ["a"], "script": "b"})")
                .find("stands beside 'command'"),
            std::string::npos);
  EXPECT_EQ(errors(R"({"jobs": []})"), "plan.json: jobs: is empty: there is nothing to run\n");
  EXPECT_EQ(errors("{}"), "plan.json: 'jobs' is missing\n");
  EXPECT_EQ(errors("[]"), "plan.json: must be an object, not an array\n");
}

TEST_F(JobTest, DigestIsOfWhatAnAttemptSees) {
  const auto digest = [&](const std::string& more, const std::string& container = "") {
    return good_job(R"("containerProperties": {"command": ["a"])" + container + "}" + more)
        .spec.digest;
  };
  const std::uint64_t plain = digest("");
  EXPECT_EQ(plain, digest(R"(, "retryStrategy": {"attempts": 3}, "jobQueue": "default")"));
  EXPECT_EQ(plain, digest(R"(, "timeout": {"attemptDurationSeconds": 3})"));
  EXPECT_NE(plain, digest(R"(, "parameters": {"a": "b"})"));
  EXPECT_NE(plain, digest("", R"(, "vcpus": 2)"));
  EXPECT_NE(plain, digest("", R"(, "memory": 20)"));
  EXPECT_NE(plain, digest("", R"(, "workingDirectory": "x")"));
  EXPECT_NE(plain, digest("", R"(, "environment": [{"name": "A", "value": "1"}])"));
  EXPECT_NE(plain, digest(R"(, "containerOverrides": {"command": ["b"]})"));
  EXPECT_EQ(digest(R"(, "arrayProperties": {"size": 3})"),
            digest(R"(, "arrayProperties": {"parameterGrid": {"a": [1]}})"));
}

}  // namespace
}  // namespace mpibatch::plan
