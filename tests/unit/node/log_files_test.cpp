// Attempts whose output a plan sends to files.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "unit/node/attempt_driver.hpp"

namespace mpibatch::node {
namespace {

class LogFiles : public ::testing::Test {
 protected:
  model::JobTemplate job(const std::string& script, model::LogFiles files) const {
    model::JobTemplate made = driver.job({"/bin/bash", "-c", script});
    made.log_files = std::move(files);
    return made;
  }
  bool ran(const model::JobTemplate& job) {
    const auto started = driver.start(job);
    EXPECT_TRUE(started) << (started ? "" : started.error().reason);
    return started && driver.until_ended();
  }
  std::string failure(const model::JobTemplate& job) {
    const auto started = driver.start(job);
    if (started) return "started";
    EXPECT_EQ(started.error().code, 125);
    return started.error().reason;
  }
  std::string content(const std::string& name) const {
    std::ifstream file(driver.folder.path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  mode_t mode(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(::stat(driver.folder.path(name).c_str(), &status), 0) << name;
    return status.st_mode & 07777;
  }

  AttemptDriver driver;
};

TEST_F(LogFiles, TakeOneStreamEachWithNothingPacked) {
  ASSERT_TRUE(ran(job("echo out; echo err >&2", {"a/b/out", "err"})));
  EXPECT_EQ(content("a/b/out"), "out\n");
  EXPECT_EQ(content("err"), "err\n");
  EXPECT_EQ(driver.bytes_printed, 0U);
  ASSERT_TRUE(ran(job("echo out; echo err >&2", {"", "err2"})));
  EXPECT_EQ(driver.text(), "out\n");
  EXPECT_EQ(driver.errors(), "");
  EXPECT_EQ(content("err2"), "err\n");
}

TEST_F(LogFiles, JoinStreamsOfOnePathAndKeepWhatIsThere) {
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(ran(job("echo out; echo err >&2; echo again", {"all", "all"})));
  EXPECT_EQ(content("all"), "out\nerr\nagain\nout\nerr\nagain\n");
}

TEST_F(LogFiles, AreNamedByTheAttempt) {
  model::JobTemplate text = job("echo $sample", {"Ref::{sample}/Ref::{AWS_BATCH_JOB_ID}", ""});
  text.array = true;
  text.size = 9;
  text.parameter_names = {"sample"};
  text.working_directory = driver.folder.path("user");
  ASSERT_TRUE(std::filesystem::create_directories(driver.folder.path("user/NA017")));
  ASSERT_TRUE(driver.start(text, {"NA017"}));
  ASSERT_TRUE(driver.until_ended());
  EXPECT_EQ(content("user/NA017/job:0"), "NA017\n");
}

TEST_F(LogFiles, HaveTheRunsUmask) {
  const mode_t ours = ::umask(077);
  driver.surroundings.umask = 002;
  driver.apply();
  EXPECT_TRUE(ran(job("true", {"new/out", ""})));
  ::umask(ours);
  EXPECT_EQ(mode("new/out"), 0664U);
  EXPECT_EQ(mode("new"), 0775U);
  ASSERT_EQ(::chmod(driver.folder.path("new/out").c_str(), 0600), 0);
  ASSERT_TRUE(ran(job("true", {"new/out", ""})));
  EXPECT_EQ(mode("new/out"), 0600U) << "of one that was there";
}

TEST_F(LogFiles, LeaveAFoldersGroupBitAlone) {
  const mode_t ours = ::umask(077);
  driver.surroundings.umask = 022;
  driver.apply();
  std::filesystem::create_directory(driver.folder.path("shared"));
  EXPECT_EQ(::chmod(driver.folder.path("shared").c_str(), 02775), 0);
  EXPECT_TRUE(ran(job("true", {"shared/new/out", ""})));
  ::umask(ours);
  EXPECT_EQ(mode("shared/new"), 02755U);
}

TEST_F(LogFiles, ThatCannotBeOpenedAreNamed) {
  std::ofstream(driver.folder.path("file")) << "x";
  const std::string place = " on here: ";
  EXPECT_EQ(failure(job("true", {"file/out", ""})), "cannot open the file for its stdout" + place +
                                                        "Not a directory: '" +
                                                        driver.folder.path("file/out") + "'");
  EXPECT_EQ(failure(job("true", {"", driver.folder.path()})),
            "cannot open the file for its stderr" + place + "Is a directory: '" +
                driver.folder.path() + "'");
  EXPECT_NE(failure(job("true", {std::string("a\0b", 3), ""})).find("zero byte"),
            std::string::npos);
  const std::string long_name = failure(job("true", {std::string(300, 'x'), ""}));
  EXPECT_NE(long_name.find("File name too long"), std::string::npos) << long_name;
}

TEST_F(LogFiles, DoNotWaitForAReader) {
  ASSERT_EQ(::mkfifo(driver.folder.path("fifo").c_str(), 0600), 0);
  EXPECT_NE(failure(job("true", {"fifo", ""})).find("No such device or address"),
            std::string::npos);
  const UniqueFd reader(::open(driver.folder.path("fifo").c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_TRUE(
      ran(job("[[ $(</proc/$$/fdinfo/1) =~ flags:[^0-9]*([0-9]+) ]] || exit 3; "
              "exit $(( 8#${BASH_REMATCH[1]} & 8#4000 ? 4 : 0 ))",
              {"fifo", ""})));
  EXPECT_EQ(driver.end().code, 0) << "4: its writes would not wait for room";
}

TEST_F(LogFiles, DoNotMakeTheWorkingDirectory) {
  model::JobTemplate text = job("true", {"logs/out", ""});
  text.working_directory = driver.folder.path("missing");
  EXPECT_NE(failure(text).find("working directory '"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(driver.folder.path("missing")));
}

}  // namespace
}  // namespace mpibatch::node
