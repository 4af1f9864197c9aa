#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

class LogFieldsTest : public PlanFiles {};

constexpr const char* kTrue = R"("containerProperties": {"command": ["true"]}, )";

TEST_F(LogFieldsTest, AreOfTheJobOrItsDefinition) {
  const auto plan = good(R"({
    "jobDefinitions": [{"jobDefinitionName": "d", "maxLogMiB": 16,
                        "logFiles": {"stdout": "Ref::{MPIBATCH_JOB_NAME}.out", "stderr": "e"},
                        "containerProperties": {"command": ["true"]}}],
    "jobs": [{"jobName": "a", "jobDefinition": "d"},
             {"jobName": "b", "jobDefinition": "d", "maxLogMiB": 1048576,
              "logFiles": {"stderr": "/x/Ref::{AWS_BATCH_JOB_ATTEMPT}"}},
             {"jobName": "c", "containerProperties": {"command": ["true"]}}]})");
  ASSERT_EQ(plan.jobs.size(), 3U);
  EXPECT_EQ(plan.jobs[0].execution.log_bytes_max, std::uint64_t{16} << 20);
  EXPECT_EQ(plan.jobs[0].execution.log_files,
            (model::LogFiles{"Ref::{MPIBATCH_JOB_NAME}.out", "e"}));
  EXPECT_EQ(plan.jobs[1].execution.log_bytes_max, std::uint64_t{1} << 40);
  EXPECT_EQ(plan.jobs[1].execution.log_files,
            (model::LogFiles{"", "/x/Ref::{AWS_BATCH_JOB_ATTEMPT}"}))
      << "as a whole, like every field";
  EXPECT_EQ(plan.jobs[2].execution.log_bytes_max, model::kLogBytesMax);
  EXPECT_EQ(plan.jobs[2].execution.log_files, model::LogFiles{});
}

TEST_F(LogFieldsTest, DoNotMakeItAnotherJob) {
  const auto packed = good_job(std::string(kTrue) + R"("timeout": {"attemptDurationSeconds": 9})");
  const auto filed =
      good_job(std::string(kTrue) + R"("maxLogMiB": 2, "logFiles": {"stdout": "a.out"})");
  EXPECT_EQ(packed.spec.digest, filed.spec.digest);
}

TEST_F(LogFieldsTest, HaveTypesAndBounds) {
  EXPECT_EQ(job_errors(R"("maxLogMiB": 0, "logFiles": {"stdin": "x", "stdout": 1, "stderr": ""})"),
            R"(plan.json: jobs[0].maxLogMiB: must be a whole number from 1 to 1048576, not 0
plan.json: jobs[0].logFiles.stdin: unknown field 'stdin'; known: stdout, stderr
plan.json: jobs[0].logFiles.stdout: must be a string, "1", not a number
plan.json: jobs[0].logFiles.stderr: must be the path of a file
)");
  EXPECT_EQ(job_errors(R"("maxLogMiB": 1048577, "logFiles": {"stdout": "logs/"})"),
            R"(plan.json: jobs[0].maxLogMiB: must be a whole number from 1 to 1048576, not 1048577
plan.json: jobs[0].logFiles.stdout: must be the path of a file
)");
  EXPECT_EQ(job_errors(R"("containerOverrides": {"logFiles": {}})"),
            "plan.json: jobs[0].containerOverrides.logFiles: unknown field 'logFiles'; it belongs "
            "in 'the job or its definition'\n");
}

TEST_F(LogFieldsTest, NameWhatHasAValue) {
  EXPECT_EQ(job_errors(R"("parameters": {"a": "1"},
                          "logFiles": {"stdout": "Ref::{b}", "stderr": "x/Ref::{"})"),
            "plan.json: jobs[0].logFiles.stdout: Ref::{b} has no value (job 'a'); parameters: a, "
            "AWS_BATCH_JOB_ID, AWS_BATCH_JOB_ATTEMPT, MPIBATCH_JOB_NAME\n"
            "plan.json: jobs[0].logFiles.stderr: 'Ref::{' must be followed by a parameter's name "
            "and '}' (job 'a')\n");
  EXPECT_NE(job_errors(R"("logFiles": {"stdout": "Ref::{AWS_BATCH_JOB_ARRAY_INDEX}"})")
                .find("has no value"),
            std::string::npos)
      << "of an array's children alone";
}

TEST_F(LogFieldsTest, AreOfOneChildEach) {
  write("s.csv", "sample\nNA017\nNA018\n");
  const std::string of_sheet = R"("arrayProperties": {"parametersFile": "s.csv"}, )";
  EXPECT_EQ(job_errors(of_sheet + R"("parameters": {"p": "1"}, "logFiles": {
              "stdout": "Ref::{p}", "stderr": "Ref::{AWS_BATCH_JOB_ATTEMPT}"})"),
            "plan.json: jobs[0].logFiles.stdout: all children would write to the same file; put "
            "Ref::{AWS_BATCH_JOB_ARRAY_INDEX} into it\n"
            "plan.json: jobs[0].logFiles.stderr: all children would write to the same file; put "
            "Ref::{AWS_BATCH_JOB_ARRAY_INDEX} into it\n");
  EXPECT_EQ(job_errors(of_sheet + R"("logFiles": {"stdout": "x", "stderr": "x"})"),
            "plan.json: jobs[0].logFiles.stdout: all children would write to the same file; put "
            "Ref::{AWS_BATCH_JOB_ARRAY_INDEX} into it\n")
      << "once";
  for (const char* path : {"Ref::{sample}", "Ref::{AWS_BATCH_JOB_ID}",
                           "a/Ref::AWS_BATCH_JOB_ARRAY_INDEX", "/dev/null"})
    EXPECT_EQ(good_job(kTrue + of_sheet + R"("logFiles": {"stdout": ")" + path + "\"}").spec.size,
              2U)
        << path;
  EXPECT_EQ(good_job(std::string(kTrue) +
                     R"("arrayProperties": {"size": 1}, "logFiles": {"stdout": "x"})")
                .spec.size,
            1U);
}

TEST_F(LogFieldsTest, AreOfATaskListToo) {
  const std::string list = write("tasks.txt", "one\ntwo\n");
  TaskOptions options;
  options.log_mib_max = 3;
  options.log_files = "logs/Ref::{AWS_BATCH_JOB_ARRAY_INDEX}.out";
  const auto loaded = load_tasks(files_, list, options);
  ASSERT_TRUE(loaded);
  ASSERT_TRUE(save_copy(files_, folder_ / "copy", *loaded));
  const auto copy = load_copy(files_, folder_ / "copy");
  ASSERT_TRUE(copy);
  for (const model::Plan* plan : {&loaded->plan, &copy->plan}) {
    EXPECT_EQ(plan->jobs[0].execution.log_bytes_max, std::uint64_t{3} << 20);
    EXPECT_EQ(plan->jobs[0].execution.log_files,
              (model::LogFiles{options.log_files, options.log_files}));
  }
  options.log_files = "all.out";
  EXPECT_EQ(errors(load_tasks(files_, list, options)),
            "--log-files: all children would write to the same file; put "
            "Ref::{AWS_BATCH_JOB_ARRAY_INDEX} into it\n");
}

}  // namespace
}  // namespace mpibatch::plan
