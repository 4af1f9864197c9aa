#include <mpibatch/model/log_files.hpp>

#include <gtest/gtest.h>

namespace mpibatch::model {
namespace {

JobTemplate align(std::string out, std::string error) {
  JobTemplate job;
  job.name = "align";
  job.array = true;
  job.size = 16;
  job.log_files = {std::move(out), std::move(error)};
  return job;
}

TEST(LogFiles, HaveParametersAndWhatAnAttemptIsTold) {
  const JobTemplate job = align("logs/Ref::{sample}.Ref::{AWS_BATCH_JOB_ATTEMPT}",
                                "/data/Ref::{MPIBATCH_JOB_NAME}/Ref::{AWS_BATCH_JOB_ARRAY_INDEX}");
  EXPECT_EQ(log_files_of(job, {{"sample", "NA017"}}, {5, 2, "/work"}),
            (LogFiles{"/work/logs/NA017.2", "/data/align/5"}));
  EXPECT_EQ(log_files_of(align("Ref::{AWS_BATCH_JOB_ID}", ""), {}, {5, 1, "/work"}),
            (LogFiles{"/work/align:5", ""}));
}

TEST(LogFiles, BeginWhereAValueSaysSo) {
  EXPECT_EQ(log_files_of(align("Ref::{file}", ""), {{"file", "/elsewhere/x"}}, {0, 1, "/work"}).out,
            "/elsewhere/x");
}

}  // namespace
}  // namespace mpibatch::model
