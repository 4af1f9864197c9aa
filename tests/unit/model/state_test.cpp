#include <mpibatch/model/state.hpp>

#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace mpibatch::model {
namespace {

using enum ChildState;
using Transition = std::pair<ChildState, ChildState>;

ChildState nth(int number) { return static_cast<ChildState>(number); }

TEST(Legal, IsWhatTheLifeOfAChildNeedsAndNoMore) {
  const std::set<Transition> legal_ones = {
      {Waiting, Runnable},
      {Waiting, Failed},  // no allocation is long enough
      {Waiting, DependencyFailed},
      {Waiting, Cancelled},
      {Waiting, Skipped},
      {Waiting, Promised},
      {Promised, Granted},   // its turn has come
      {Promised, Waiting},   // called off
      {Promised, Runnable},  // … and a new plan changed what it depends on
      {Promised, Failed},    // lost with too many hosts
      {Promised, Cancelled},
      {Runnable, Granted},
      {Runnable, Failed},
      {Runnable, Cancelled},
      {Granted, Running},
      {Granted, Runnable},  // returned, or failed before it was known to run and is retried
      {Granted, Waiting},
      {Running, Waiting},  // … and a new plan changed what it depends on
      {Granted, Succeeded},
      {Granted, Failed},
      {Granted, Cancelled},
      {Running, Succeeded},
      {Running, Failed},
      {Running, Runnable},  // a retry, or lost with its node
      {Running, Cancelled},
      {Failed, Waiting},  // reopened
      {DependencyFailed, Waiting},
  };
  for (int from = 0; from < kChildStates; ++from)
    for (int to = 0; to < kChildStates; ++to)
      EXPECT_EQ(legal(nth(from), nth(to)), legal_ones.contains({nth(from), nth(to)}))
          << to_string(nth(from)) << " to " << to_string(nth(to));
}

TEST(Terminal, IsLeftOnlyByReopening) {
  for (int from = 0; from < kChildStates; ++from)
    for (int to = 0; to < kChildStates; ++to)
      if (terminal(nth(from)) && legal(nth(from), nth(to))) {
        EXPECT_EQ(nth(to), Waiting);
      }
}

TEST(Failed, IsTerminalWithoutSuccess) {
  for (int state = 0; state < kChildStates; ++state)
    EXPECT_EQ(failed(nth(state)), terminal(nth(state)) && !good(nth(state)));
  EXPECT_TRUE(good(Succeeded));
  EXPECT_TRUE(good(Skipped));
  EXPECT_TRUE(failed(Cancelled));
  EXPECT_FALSE(failed(Running));
}

TEST(StatusOf, ShowsWhatAwsBatchWould) {
  EXPECT_EQ(to_string(status_of(Waiting)), "PENDING");
  EXPECT_EQ(to_string(status_of(Promised)), "PENDING");
  EXPECT_EQ(to_string(status_of(Runnable)), "RUNNABLE");
  EXPECT_EQ(to_string(status_of(Granted)), "RUNNABLE");
  EXPECT_EQ(to_string(status_of(Running)), "RUNNING");
  EXPECT_EQ(to_string(status_of(Succeeded)), "SUCCEEDED");
  EXPECT_EQ(to_string(status_of(Failed)), "FAILED");
  EXPECT_EQ(to_string(status_of(DependencyFailed)), "FAILED");
  EXPECT_EQ(to_string(status_of(Cancelled)), "FAILED");
  EXPECT_EQ(to_string(status_of(Skipped)), "SUCCEEDED");
}

TEST(States, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (int state = 0; state < kChildStates; ++state) names.insert(to_string(nth(state)));
  for (int status = 0; status < kJobStatuses; ++status)
    names.insert(to_string(static_cast<JobStatus>(status)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kChildStates + kJobStatuses));
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_FALSE(names.contains("UNKNOWN"));
}

}  // namespace
}  // namespace mpibatch::model
