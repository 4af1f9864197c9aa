#include "cli/state_option.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace mpibatch::cli {
namespace {

class StateOption : public ::testing::Test {
 protected:
  void make_run(const std::string& name) {
    ASSERT_TRUE(files_.make_folder(folder_.path() + "/" + name + "/journal"));
  }
  Result<store::StateFolder> find(const std::string& state = {}) {
    return find_state_folder(files_, state, folder_.path());
  }
  mpibatch::testing::TemporaryFolder folder_;
  PosixFileSystem files_;
};

TEST_F(StateOption, TakesTheOnlyRunOfTheFolder) {
  make_run("plan.mpibatch");
  make_run("plan.mpibatch.1");  // set aside by --fresh
  ASSERT_TRUE(files_.make_folder(folder_.path() + "/empty.mpibatch"));
  const auto found = find();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->path, folder_.path() + "/plan.mpibatch");
}

TEST_F(StateOption, SaysHowARunIsStartedWhereThereIsNone) {
  const auto found = find();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::NotFound);
  EXPECT_NE(found.error().message.find("mpibatch run plan.json"), std::string::npos);
}

TEST_F(StateOption, ListsSeveral) {
  make_run("a.mpibatch");
  make_run("b c.mpibatch");
  const auto found = find();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::Usage);
  EXPECT_NE(found.error().message.find("\n  --state a.mpibatch\n  --state 'b c.mpibatch'"),
            std::string::npos);
}

TEST_F(StateOption, TakesTheNamedOne) {
  make_run("a.mpibatch");
  make_run("b.mpibatch");
  for (const std::string& name :
       {std::string("b.mpibatch/"), std::string("./a.mpibatch/../b.mpibatch"),
        folder_.path() + "/b.mpibatch"}) {
    const auto found = find(name);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->path, folder_.path() + "/b.mpibatch");
  }
}

TEST_F(StateOption, RefusesWhatIsNoRun) {
  ASSERT_TRUE(files_.make_folder(folder_.path() + "/results"));
  EXPECT_EQ(find("results").error().message, "'results' is not a run's state folder (--state)");
  EXPECT_EQ(find("nowhere").error().message, "there is no state folder 'nowhere' (--state)");
}

}  // namespace
}  // namespace mpibatch::cli
