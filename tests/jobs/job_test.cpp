#include <mpibatch/job.hpp>

#include <stdlib.h>

#include <filesystem>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

// Sets a variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

std::string complaint_about(const char* parameter) {
  try {
    Job().get<int>(parameter);
  } catch (const JobError& error) {
    return error.what();
  }
  return "";
}

TEST(Job, KnowsItsPlaceInAnArray) {
  const Variable index("AWS_BATCH_JOB_ARRAY_INDEX", "7");
  const Variable size("AWS_BATCH_JOB_ARRAY_SIZE", "10000000");
  const Variable attempt("AWS_BATCH_JOB_ATTEMPT", "3");
  const Variable id("AWS_BATCH_JOB_ID", "sweep:7");
  const Variable name("MPIBATCH_JOB_NAME", "sweep");
  const Variable node("MPIBATCH_NODE", "n1");
  const Job job;
  EXPECT_TRUE(job.array_child());
  EXPECT_EQ(job.array_index(), 7U);
  EXPECT_EQ(job.array_size(), 10'000'000U);
  EXPECT_EQ(job.attempt(), 3U);
  EXPECT_EQ(job.id(), "sweep:7");
  EXPECT_EQ(job.name(), "sweep");
  EXPECT_EQ(job.node(), "n1");
}

TEST(Job, WorksWhereMpibatchDidNotStartIt) {
  const Job job;
  EXPECT_FALSE(job.array_child());
  EXPECT_EQ(job.attempt(), 1U);
  EXPECT_EQ(job.id(), "");
  EXPECT_EQ(job.queue(), "");
  EXPECT_THROW(job.array_index(), JobError);
  EXPECT_EQ(job.node(), "");
  EXPECT_TRUE(std::filesystem::is_directory(job.tmp_folder()));
}

TEST(Job, ReadsParametersByType) {
  const Variable beta("beta", "0.1");
  const Variable n("n", "-3");
  const Variable flag("flag", "true");
  const Variable empty("empty", "");
  const Job job;
  EXPECT_EQ(job.get<double>("beta"), 0.1);
  EXPECT_EQ(job.get("beta"), "0.1");
  EXPECT_EQ(job.get<int>("n"), -3);
  EXPECT_TRUE(job.get<bool>("flag"));
  EXPECT_TRUE(job.has("empty"));
  EXPECT_EQ(job.get("empty"), "");
  EXPECT_EQ(job.get_or("gamma", 2.5), 2.5);
  EXPECT_EQ(job.get_or("beta", 2.5), 0.1);
}

TEST(Job, NamesTheParameterThatIsWrong) {
  const Variable word("word", "12x");
  const Variable large("large", "99999999999");
  const Variable blank("blank", "");
  const Variable negative("negative", "-1");
  EXPECT_NE(complaint_about("absent").find("'absent' is missing"), std::string::npos);
  EXPECT_NE(complaint_about("word").find("'word' has the value '12x'"), std::string::npos);
  EXPECT_NE(complaint_about("large").find("does not fit"), std::string::npos);
  EXPECT_NE(complaint_about("blank").find("is not a whole number"), std::string::npos);
  EXPECT_THROW(Job().get<unsigned>("negative"), JobError);
  EXPECT_THROW(Job().get<bool>("word"), JobError);
  EXPECT_THROW(Job().get_or("word", 1.0), JobError);
}

}  // namespace
}  // namespace mpibatch
