#include <mpibatch/store/request.hpp>

#include <gtest/gtest.h>

#include "support/memory_filesystem.hpp"
#include "support/scheduler_driver.hpp"

namespace mpibatch::store {
namespace {

using testing::JobBuilder;
using testing::MemoryFileSystem;

Request sample(RequestKind kind) {
  Request request;
  request.id = std::string(32, 'a');
  request.kind = kind;
  request.job = "align";
  request.revision = model::Revision{1};
  request.children = {{1, 3}};
  request.reason = "why";
  request.include_succeeded = true;
  request.dependents = true;
  request.priority = 7;
  return request;
}

class Inbox : public ::testing::Test {
 protected:
  Inbox() : driver_({{}, {JobBuilder("align").array(4), JobBuilder("sort")}}) {
    EXPECT_TRUE(disk_.make_folder("/s"));
  }
  template <class Event>
  Event event(const Request& request) {
    const auto made = event_of(request, driver_.core);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::get<Event>(*made) : Event{};
  }
  MemoryFileSystem disk_;
  StateFolder folder_{"/s"};
  testing::SchedulerDriver driver_;
};

TEST_F(Inbox, BringsEveryKindBack) {
  for (int kind = 0; kind <= static_cast<int>(last_of(RequestKind{})); ++kind) {
    const Request request = sample(static_cast<RequestKind>(kind));
    ASSERT_TRUE(post_request(disk_, folder_, request));
    std::vector<std::string> damaged;
    const auto read = read_requests(disk_, folder_, damaged);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, std::vector<Request>{request});
    EXPECT_TRUE(damaged.empty());
    ASSERT_TRUE(remove_request(disk_, folder_, request));
  }
}

TEST_F(Inbox, NamesWhatIsDamaged) {
  ASSERT_TRUE(post_request(disk_, folder_, sample(RequestKind::Hold)));
  const std::string path = folder_.inbox() + "/" + std::string(32, 'a') + ".request";
  std::string bytes = disk_.read(path, 0, UINT64_MAX).value();
  bytes[9] = static_cast<char>(bytes[9] + 1);
  disk_.overwrite(path, bytes);
  std::vector<std::string> damaged;
  const auto read = read_requests(disk_, folder_, damaged);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->empty());
  EXPECT_EQ(damaged, std::vector<std::string>{path});
}

TEST_F(Inbox, BecomesWhatTheCoreUnderstands) {
  const auto terminate = event<scheduler::CancelJob>(sample(RequestKind::Terminate));
  EXPECT_EQ(terminate.job, driver_.job("align"));
  EXPECT_EQ(terminate.children, (model::Ranges{{1, 3}}));
  EXPECT_EQ(terminate.reason, "why");
  EXPECT_TRUE(terminate.terminate);
  EXPECT_FALSE(event<scheduler::CancelJob>(sample(RequestKind::Cancel)).terminate);
  EXPECT_TRUE(event<scheduler::HoldJob>(sample(RequestKind::Hold)).hold);
  EXPECT_FALSE(event<scheduler::HoldJob>(sample(RequestKind::Release)).hold);
  const auto retry = event<scheduler::RetryJob>(sample(RequestKind::Retry));
  EXPECT_TRUE(retry.include_succeeded && retry.dependents);
  EXPECT_EQ(event<scheduler::SetPriority>(sample(RequestKind::Priority)).priority, 7U);
}

TEST_F(Inbox, WithoutChildrenMeansAllOfThem) {
  Request request = sample(RequestKind::Cancel);
  request.children.clear();
  request.revision = model::Revision{9};  // whichever plan: it is the job
  EXPECT_EQ(event<scheduler::CancelJob>(request).children, (model::Ranges{{0, 4}}));
  request = {};
  request.kind = RequestKind::Hold;
  EXPECT_FALSE(event<scheduler::HoldJob>(request).job);
}

TEST_F(Inbox, IsTooLateWhereThePlanHasChanged) {
  Request request = sample(RequestKind::Retry);
  request.revision = model::Revision{2};
  EXPECT_EQ(event_of(request, driver_.core).error().kind, ErrorKind::NotFound);
  request = sample(RequestKind::Retry);
  request.job = "gone";
  EXPECT_NE(event_of(request, driver_.core).error().message.find("too late"), std::string::npos);
  request.job.clear();  // only a hold or a release is about all jobs
  EXPECT_FALSE(event_of(request, driver_.core));
}

}  // namespace
}  // namespace mpibatch::store
