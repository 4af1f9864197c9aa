#include <mpibatch/base/error.hpp>

#include <cerrno>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

TEST(Error, SaysWhatWasTriedAndWhatTheSystemSaid) {
  const Error error = fail_errno("cannot open 'x'", ENOENT).value();
  EXPECT_EQ(error.message, "cannot open 'x': No such file or directory");
  EXPECT_EQ(error.kind, ErrorKind::NotFound);
}

TEST(Error, KnowsWhatACallerCanActOn) {
  EXPECT_EQ(fail_errno("", EEXIST).value().kind, ErrorKind::Busy);
  EXPECT_EQ(fail_errno("", EACCES).value().kind, ErrorKind::System);
}

TEST(Error, SaysThatTheDiskIsFull) {
  const Error error = fail_errno("cannot write to 'x'", ENOSPC).value();
  EXPECT_NE(error.message.find("the disk is full"), std::string::npos) << error.message;
  EXPECT_EQ(error.kind, ErrorKind::System);
}

}  // namespace
}  // namespace mpibatch
