#include "cli/views.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mpibatch::cli {
namespace {

using model::JobStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string lines_with(const std::string& text, const std::string& word) {
  std::string found;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    if (line.find(word) != std::string::npos) found += line + "\n";
    begin = end + 1;
  }
  return found;
}

StatusView running() {
  StatusView view;
  view.run = "0123";
  view.state_folder = "/runs/plan.mpibatch";
  view.revision = 2;
  view.state = RunState::Running;
  view.driver = "rank 0 is process 17 on host 'a'";
  view.epoch = 3;
  NodeLine node;
  node.node.name = {"b", 1};
  node.node.capacity = {4, 2048};
  node.node.granted = {3, 0};
  node.node.present = true;
  view.nodes.push_back(node);
  return view;
}

store::Attempt ended(unsigned number, model::EndKind kind, std::int32_t code) {
  store::Attempt attempt;
  attempt.attempt = number;
  attempt.node = {"b", 0};
  attempt.state = store::AttemptState::Ended;
  attempt.started_at = Instant{seconds{1000}};
  model::AttemptEnd end;
  end.kind = kind;
  end.code = code;
  end.started_at = attempt.started_at;
  end.stopped_at = Instant{milliseconds{1'001'500}};
  end.usage = {milliseconds{1500}, milliseconds{900}, milliseconds{100}, 4096};
  attempt.end = end;
  return attempt;
}

std::string json_of(const ChildView& child) {
  std::string text;
  add_child_json(text, child);
  return text;
}

ChildView sample() {
  ChildView child;
  child.job = "align";
  child.definition = "align";
  child.array = true;
  child.index = 16;
  child.key = "NA017";
  child.status = JobStatus::Failed;
  child.reason = std::string(model::kReasonExited);
  child.attempts = {ended(1, model::EndKind::Exited, 3), ended(2, model::EndKind::Signaled, 9)};
  return child;
}

TEST(Views, StatusSaysWhoDrivesTheRunOnWhichNodes) {
  const std::string text = status_text(running());
  EXPECT_EQ(lines_with(text, "RUNNING:"), "RUNNING: rank 0 is process 17 on host 'a' (epoch 3)\n");
  EXPECT_EQ(lines_with(text, "joined"), "b/1       4        3  2.0 GiB  joined\n");
}

TEST(Views, StatusSaysHowLongALeaseIsWaitedFor) {
  StatusView view = running();
  view.nodes[0].lease_left = milliseconds{17'400};
  EXPECT_NE(status_text(view).find("waiting 17 s for node b/1's lease"), std::string::npos);
  const auto json = nlohmann::json::parse(status_json(view));
  EXPECT_DOUBLE_EQ(json["nodes"][0]["leaseAwaitedSeconds"].get<double>(), 17.4);
}

TEST(Views, AFinishedRunIsNobodysAndCountsItsFailures) {
  StatusView view = running();
  view.state = RunState::Finished;
  view.counts.of[static_cast<std::size_t>(model::ChildState::Succeeded)] = 5;
  EXPECT_EQ(lines_with(status_text(view), "FINISHED"), "FINISHED: 5 tasks succeeded\n");
  view.counts.of[static_cast<std::size_t>(model::ChildState::DependencyFailed)] = 2;
  EXPECT_EQ(lines_with(status_text(view), "FINISHED"),
            "FINISHED: 2 of 7 tasks failed; see `mpibatch logs --failed`\n");
  EXPECT_EQ(lines_with(status_text(view), "joined"), "");
}

TEST(Views, GrantedChildrenAreRunnableToTheUser) {
  scheduler::Counts counts;
  counts.of[static_cast<std::size_t>(model::ChildState::Granted)] = 2;
  counts.of[static_cast<std::size_t>(model::ChildState::Runnable)] = 3;
  counts.of[static_cast<std::size_t>(model::ChildState::Cancelled)] = 1;
  const StatusCounts sum = status_counts(counts);
  EXPECT_EQ(sum[static_cast<std::size_t>(JobStatus::Runnable)], 5U);
  EXPECT_EQ(sum[static_cast<std::size_t>(JobStatus::Failed)], 1U);
}

TEST(Views, ChildrenHaveARowForEachAttempt) {
  const std::string text = children_text({sample()});
  EXPECT_NE(lines_with(text, "NA017").find("  1.50 s  1.00 s  4.0 MiB     3  "), std::string::npos)
      << text;
  EXPECT_NE(text.find("FAILED"), std::string::npos);
  EXPECT_NE(text.find(" 137  "), std::string::npos) << "128 + the signal, as AWS Batch has it";
}

TEST(Views, AJobWithoutArrayHasNeitherIndexNorKey) {
  ChildView child = sample();
  child.array = false;
  child.attempts.clear();
  EXPECT_EQ(children_text({child}).find("INDEX"), std::string::npos);
  const auto json = nlohmann::json::parse(json_of(child));
  EXPECT_FALSE(json.contains("index"));
  EXPECT_EQ(json["attempts"].size(), 0U);
}

TEST(Views, JsonOfAChildUsesTheNamesOfAwsBatch) {
  const auto json = nlohmann::json::parse(json_of(sample()));
  EXPECT_EQ(json["jobName"], "align");
  EXPECT_EQ(json["status"], "FAILED");
  EXPECT_EQ(json["arrayProperties"]["index"], 16);
  EXPECT_EQ(json["key"], "NA017");
  const auto& attempt = json["attempts"][1];
  EXPECT_EQ(attempt["startedAt"], 1'000'000);  // milliseconds
  EXPECT_EQ(attempt["stoppedAt"], 1'001'500);
  EXPECT_EQ(attempt["container"]["exitCode"], 137);
  EXPECT_EQ(attempt["statusReason"], std::string(model::kReasonExited));
}

TEST(Views, JsonHoldsWhatIsNoUtf8) {
  ChildView child = sample();
  child.key = "NA\xff";
  EXPECT_EQ(nlohmann::json::parse(json_of(child))["key"], "NA\uFFFD");
}

TEST(Views, UnknownMemoryIsNotZero) {
  ChildView child = sample();
  for (store::Attempt& attempt : child.attempts) attempt.end->usage.memory_max_kib = 0;
  EXPECT_NE(children_text({child}).find("  1.00 s       -     3  "), std::string::npos)
      << children_text({child});
  const auto usage = nlohmann::json::parse(json_of(child))["attempts"][0]["usage"];
  EXPECT_TRUE(usage["memoryMaxKiB"].is_null());
  EXPECT_DOUBLE_EQ(usage["wallSeconds"].get<double>(), 1.5);
  EXPECT_DOUBLE_EQ(usage["cpuEfficiency"].get<double>(), 0.6667);
}

TEST(Views, UsageHasARowForEachAttemptThatRan) {
  ChildView child = sample();
  child.vcpus = 4;
  child.attempts[1].cpus = {0, 1, 2, 7};
  child.attempts.push_back(ended(3, model::EndKind::CannotStart, 127));
  const std::string text = attempts_usage_text({child});
  EXPECT_EQ(
      lines_with(text, "NA017"),
      "align     16  NA017        1  b     -          4  1.50 s  0.90 s  0.10 s     17 %  4.0 "
      "MiB     3\n"
      "align     16  NA017        2  b     0-2,7      4  1.50 s  0.90 s  0.10 s     17 %  4.0 "
      "MiB   137\n");
}

std::string csv_of(const ChildView& child) {
  std::string text;
  add_children_csv_header(text);
  add_child_csv(text, child);
  return text;
}

TEST(Views, CsvHasALineForEachAttemptAndUnitsInItsNames) {
  ChildView child = sample();
  child.key = "a \"b\", c";
  child.attempts[1].cpus = {0, 1};
  child.attempts[1].end->usage.memory_max_kib = 0;
  EXPECT_EQ(csv_of(child),
            "job,index,key,status,status_reason,attempt,node,state,started_at,stopped_at,wall_s,"
            "user_s,system_s,memory_mib,cpus,vcpus,cpu_efficiency,exit_code,reason\r\n"
            "align,16,\"a \"\"b\"\", c\",FAILED,Essential container in task exited,1,b,ENDED,"
            "1970-01-01T00:16:40.000Z,1970-01-01T00:16:41.500Z,1.500000,0.900000,0.100000,4.000,,1,"
            "0.667,3,Essential container in task exited\r\n"
            "align,16,\"a \"\"b\"\", c\",FAILED,Essential container in task exited,2,b,ENDED,"
            "1970-01-01T00:16:40.000Z,1970-01-01T00:16:41.500Z,1.500000,0.900000,0.100000,,0-1,2,"
            "0.333,137,Essential container in task exited\r\n");
}

TEST(Views, CsvLinesAllHaveAsManyFieldsAsTheHeader) {
  ChildView child = sample();
  child.array = false;
  child.attempts[0].end.reset();
  child.attempts[0].state = store::AttemptState::Running;
  child.attempts.pop_back();
  const auto fields = [](const std::string& text) {
    return std::count(text.begin(), text.end(), ',');
  };
  const std::string running = csv_of(child);
  EXPECT_EQ(fields(running), 2 * 18) << running;
  child.attempts.clear();
  const std::string waiting = csv_of(child);
  EXPECT_EQ(fields(waiting), 2 * 18) << waiting;
  JobView job;
  for (const bool used : {false, true}) {
    if (used) job.usage = JobUsage{};
    std::string header;
    std::string line;
    add_jobs_csv_header(header, used);
    add_job_csv(line, job);
    EXPECT_EQ(fields(header), fields(line)) << line;
  }
}

TEST(Views, UsageOfJobsEndsWithWhatToAskFor) {
  JobView job;
  job.name = "align";
  job.asked.resources = {8, 32 * 1024, 0};
  const std::vector<UsageSample> samples(3, sample_of(ended(1, model::EndKind::Exited, 0), 8));
  job.usage = usage_of(samples);
  const std::string text = jobs_usage_text({job});
  EXPECT_EQ(
      lines_with(text, "align "),
      "align         3    1.50 s    1.50 s    1.50 s  4.0 MiB  4.0 MiB  4.0 MiB     32 GiB      8 "
      "%         0.7            8\n");
  EXPECT_EQ(
      lines_with(text, "align: "),
      "align: ask for 64 MiB: 95 % of 3 attempts used 4.0 MiB or less, the most 4.0 MiB, asked "
      "32 GiB\n"
      "align: 1 vCPU would do: 3 attempts used 0.7 of 8 on average, 95 % of them 0.7 or less\n");
  const auto usage = nlohmann::json::parse(job_json(job))["usage"];
  EXPECT_EQ(usage["advice"][0]["type"], "MEMORY");
  EXPECT_EQ(usage["advice"][0]["ask"], 64);
  EXPECT_DOUBLE_EQ(usage["memoryMiB"]["p95"].get<double>(), 4);
  EXPECT_FALSE(nlohmann::json::parse(job_json(JobView{})).contains("usage"));
}

}  // namespace
}  // namespace mpibatch::cli
