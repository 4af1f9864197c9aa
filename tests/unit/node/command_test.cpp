#include "node/command.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include "unit/node/test_folder.hpp"

namespace mpibatch::node {
namespace {

model::JobTemplate job_with(std::vector<std::string> command) {
  model::JobTemplate job;
  job.command = std::move(command);
  return job;
}

TEST(Command, IsFoundInTheFirstFolderOfPathThatHasIt) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.path("a"));
  std::filesystem::create_directories(folder.path("b/tool"));
  std::filesystem::create_directories(folder.path("c"));
  folder.write("a/tool", "", 0644);
  folder.write("c/tool", "", 0755);
  const std::string search = folder.path("a") + ":" + folder.path("b") + ":" + folder.path("c");
  const auto found = find_program("tool", {"/", search, "", "here"});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, folder.path("c/tool"));
}

TEST(Command, SaysThatTheOnlyFileFoundIsNotExecutable) {
  const TestFolder folder;
  folder.write("tool", "", 0644);
  const std::string search = folder.path();
  const auto found = find_program("tool", {"/", search, "", "here"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, 126);
  EXPECT_EQ(found.error().reason, "not executable on here: '" + folder.path("tool") + "'");
}

TEST(Command, IsNotInAFolderThatMayNotBeLookedInto) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may look everywhere";
  const TestFolder folder;
  std::filesystem::create_directories(folder.path("closed"));
  std::filesystem::permissions(folder.path("closed"), std::filesystem::perms::none);
  const auto found = find_program("tool", {"/", folder.path("closed"), "", "here"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, 127);
  const auto named = find_program(folder.path("closed/tool"), {"/", "/bin", "", "here"});
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().code, 126);
  EXPECT_NE(named.error().reason.find("cannot look at"), std::string::npos);
}

TEST(Command, AnEmptyFolderOfPathIsTheWorkingDirectory) {
  const TestFolder folder;
  folder.write("tool", "", 0755);
  const std::string where = folder.path();
  EXPECT_TRUE(find_program("tool", {where, ":/nowhere", "", "here"}));
  EXPECT_FALSE(find_program("tool", {"/", "/nowhere", "", "here"}));
}

TEST(Command, WordsHoldTheParameters) {
  KnownPrograms known;
  const auto found = find_command(job_with({"/bin/echo", "Ref::{x}.bam", "Ref::y", "$HOME;`"}),
                                  {{"x", "a b"}, {"y", "Ref::x"}}, {"/", "", "", "here"}, known);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->words, (std::vector<std::string>{"/bin/echo", "a b.bam", "Ref::x", "$HOME;`"}));
}

TEST(Command, RefusesWhatNoProcessCanBeGiven) {
  const CommandPlace place{"/", "/bin", "", "here"};
  KnownPrograms known;
  EXPECT_EQ(find_command(job_with({}), {}, place, known).error().code, 127);
  EXPECT_EQ(find_command(job_with({""}), {}, place, known).error().code, 127);
  EXPECT_EQ(find_command(job_with({"echo", std::string("a\0b", 3)}), {}, place, known).error().code,
            125);
  EXPECT_EQ(fault_of("/bin", place)->reason, "'/bin' is a folder, not a program");
  EXPECT_EQ(fault_of("/bin/sh", place), std::nullopt);
}

TEST(KnownPrograms, AreThoseOfOnePathAndFolder) {
  const TestFolder folder;
  for (const char* name : {"a", "b"}) {
    std::filesystem::create_directory(folder.path(name));
    folder.write(name + std::string("/tool"), "", 0755);
  }
  KnownPrograms known;
  EXPECT_EQ(known.find("tool", {"/", folder.path("a"), "", "here"}), folder.path("a/tool"));
  EXPECT_EQ(known.find("tool", {"/", folder.path("b"), "", "here"}), folder.path("b/tool"));
  EXPECT_EQ(known.find("./tool", {folder.path("a"), "", "", "here"}), folder.path("a") + "/./tool");
  EXPECT_EQ(known.find("./tool", {folder.path("b"), "", "", "here"}), folder.path("b") + "/./tool");
  EXPECT_TRUE(known.forget());
  EXPECT_FALSE(known.forget());
}

TEST(Command, AReasonFitsItsField) {
  const std::string search(1000, 'x');
  const auto found = find_program("tool", {"/", search, "", "here"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason.size(), kReasonBytesMax);
}

}  // namespace
}  // namespace mpibatch::node
