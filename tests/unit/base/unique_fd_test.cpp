#include <mpibatch/base/unique_fd.hpp>

#include <fcntl.h>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFd, ClosesWhatItOwns) {
  const int number = open_null();
  {
    const UniqueFd fd(number);
    EXPECT_TRUE(fd);
    EXPECT_EQ(fd.get(), number);
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, HandsOwnershipOn) {
  UniqueFd first(open_null());
  const int number = first.get();
  UniqueFd second(std::move(first));
  UniqueFd third(open_null());
  const int dropped = third.get();
  third = std::move(second);
  EXPECT_FALSE(is_open(dropped));
  EXPECT_EQ(third.release(), number);
  EXPECT_FALSE(third);
  EXPECT_TRUE(is_open(number));
  third.reset(number);
  third.reset();
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, OwnsNothingAtFirst) {
  UniqueFd fd;
  EXPECT_FALSE(fd);
  fd.reset();
  EXPECT_EQ(fd.get(), -1);
}

}  // namespace
}  // namespace mpibatch
