#include <mpibatch/base/log.hpp>

#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace mpibatch {
namespace {

std::string said(LogLevel shown, const std::function<void()>& speak) {
  log_setup(shown, "rank 0");
  ::testing::internal::CaptureStderr();
  speak();
  log_setup(LogLevel::Info, "");
  return ::testing::internal::GetCapturedStderr();
}

void say_everything() {
  log(LogLevel::Debug, "detail");
  log(LogLevel::Info, "news {}");
  log(LogLevel::Warning, "odd");
  log(LogLevel::Error, "bad");
}

TEST(Log, MarksWhatIsNotPlainNews) {
  EXPECT_EQ(said(LogLevel::Info, say_everything),
            "mpibatch: news {}\nmpibatch: warning: odd\nmpibatch: error: bad\n");
}

TEST(Log, NamesTheSpeakerOfDetails) {
  EXPECT_EQ(said(LogLevel::Debug, [] { log(LogLevel::Debug, "detail"); }),
            "mpibatch: rank 0: detail\n");
}

TEST(Log, ShowsOnlyWhatWasAskedFor) {
  EXPECT_EQ(said(LogLevel::Error, say_everything), "mpibatch: error: bad\n");
}

}  // namespace
}  // namespace mpibatch
