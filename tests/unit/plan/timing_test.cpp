#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using Kind = model::Expectation::Kind;

class TimingTest : public PlanFiles {
 protected:
  model::PlannedJob job(const std::string& fields) {
    return good_job(fields + R"(, "containerProperties": {"command": ["x"]})");
  }
  model::Expectation expected(const std::string& value) {
    return job("\"expectedSeconds\": " + value).expected;
  }
};

TEST_F(TimingTest, ExpectationsAreNumbersOrDistributions) {
  EXPECT_EQ(expected("90"), (model::Expectation{Kind::Fixed, 90, 0}));
  EXPECT_EQ(expected("0.5"), (model::Expectation{Kind::Fixed, 0.5, 0}));
  EXPECT_EQ(expected(R"({"lognormal": [3, 0.5]})"), (model::Expectation{Kind::Lognormal, 3, 0.5}));
  EXPECT_EQ(expected(R"({"normal": [60, 5]})"), (model::Expectation{Kind::Normal, 60, 5}));
  EXPECT_EQ(expected(R"({"uniform": [1, 2]})"), (model::Expectation{Kind::Uniform, 1, 2}));
  EXPECT_EQ(expected(R"({"exponential": 7})"), (model::Expectation{Kind::Exponential, 7, 0}));
  EXPECT_EQ(job(R"("expectedSeconds": {"uniform": [1, 2]})").spec.expected,
            std::chrono::milliseconds(1500));
  EXPECT_EQ(job(R"("keepTmp": false)").spec.expected, Duration{0}) << "unknown";
}

TEST_F(TimingTest, ExpectationsAreChecked) {
  const auto faults = [&](const std::string& value) {
    const std::string text = job_errors("\"expectedSeconds\": " + value);
    const std::string place = "plan.json: jobs[0].expectedSeconds";
    EXPECT_TRUE(text.starts_with(place)) << text;
    return text.substr(std::min(text.size(), place.size()));
  };
  EXPECT_EQ(faults("0"), ": must be more than 0: leave it out where it is unknown\n");
  EXPECT_EQ(faults("-1"), ": must be a number from 0 to 1000000000, not -1\n");
  EXPECT_EQ(faults("\"1\""), ": must be a number, not a string\n");
  EXPECT_EQ(faults("{}"), ": must be a number of seconds or one distribution\n");
  EXPECT_EQ(faults(R"({"normal": [1, 2], "uniform": [1, 2]})"),
            ": must be a number of seconds or one distribution\n");
  EXPECT_EQ(faults(R"({"uniform": [3, 2]})"), ".uniform: the least comes first: [least, most]\n");
  EXPECT_EQ(faults(R"({"normal": [3]})"), ".normal: must be two numbers, [a, b]\n");
  EXPECT_EQ(faults(R"({"lognormal": [22, 1]})"),
            ".lognormal[0]: must be a number from -21 to 21, not 22\n");
  EXPECT_EQ(faults(R"({"gamma": [1, 2]})"),
            ".gamma: unknown field 'gamma'; known: lognormal, normal, uniform, exponential\n");
}

TEST_F(TimingTest, StartsMayBeDelayed) {
  EXPECT_EQ(job(R"("notBeforeSeconds": 1.5)").spec.not_before, std::chrono::milliseconds(1500));
  EXPECT_EQ(job_errors(R"("notBeforeSeconds": -1)"),
            "plan.json: jobs[0].notBeforeSeconds: must be a number from 0 to 1000000000, not -1\n");
}

TEST_F(TimingTest, TheJobsOwnGoesOverTheDefinitions) {
  const auto plan = good(R"({"jobDefinitions": [{"jobDefinitionName": "d", "expectedSeconds": 3,
      "notBeforeSeconds": 4, "schedulingPriority": 5, "constraints": ["gpu:a100"],
      "containerProperties": {"command": ["x"]}}],
    "jobs": [{"jobName": "a", "jobDefinition": "d"}, {"jobName": "b", "jobDefinition": "d",
      "expectedSeconds": 1, "notBeforeSeconds": 0, "schedulingPriorityOverride": 0,
      "constraints": []}]})");
  const model::JobSpec& a = plan.jobs[0].spec;
  EXPECT_EQ(a.expected, std::chrono::seconds(3));
  EXPECT_EQ(a.not_before, std::chrono::seconds(4));
  EXPECT_EQ(a.priority, 5U);
  EXPECT_EQ(a.constraints, (std::vector<std::string>{"gpu:a100"}));
  const model::JobSpec& b = plan.jobs[1].spec;
  EXPECT_EQ(b.expected, std::chrono::seconds(1));
  EXPECT_EQ(b.not_before, Duration{0});
  EXPECT_EQ(b.priority, 0U);
  EXPECT_TRUE(b.constraints.empty());
  EXPECT_EQ(a.digest, b.digest) << "an attempt sees none of it";
}

TEST_F(TimingTest, WhatHasNoEffectYetIsSaid) {
  const auto loaded = load(R"({"jobs": [
      {"jobName": "a", "containerProperties": {"command": ["x"]}, "checkpoint": {"signal": "USR1",
        "secondsBeforeEnd": 120, "resumeExitCode": 85}, "results": {"maxBytes": 8192}},
      {"jobName": "b", "containerProperties": {"command": ["x"]}, "checkpoint": {}}]})");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->notices,
            (std::vector<std::string>{"'checkpoint' is accepted and has no effect yet",
                                      "'results' is accepted and has no effect yet"}));
  EXPECT_EQ(
      job_errors(R"("checkpoint": {"signal": "KILL", "secondsBeforeEnd": 0,
                          "resumeExitCode": 256, "when": 1}, "results": {"maxBytes": 0})"),
      R"(plan.json: jobs[0].checkpoint.when: unknown field 'when'; known: signal, secondsBeforeEnd, resumeExitCode
plan.json: jobs[0].checkpoint.signal: 'KILL' must be USR1 or USR2 or HUP or INT or TERM
plan.json: jobs[0].checkpoint.secondsBeforeEnd: must be a whole number from 1 to 2147483647, not 0
plan.json: jobs[0].checkpoint.resumeExitCode: must be a whole number from 1 to 255, not 256
plan.json: jobs[0].results.maxBytes: must be a whole number from 1 to 1048576, not 0
)");
}

}  // namespace
}  // namespace mpibatch::plan
