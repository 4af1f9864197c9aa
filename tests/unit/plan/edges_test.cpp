#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using model::Dependency;
using model::DependencyType;
using model::JobId;
using Groups = std::vector<std::uint32_t>;

// Jobs over sheets: "a" over a.csv, "b" over b.csv, which waits as `edges` say.
class EdgesTest : public PlanFiles {
 protected:
  std::string plan(const std::string& edges) {
    return R"({"jobs": [
      {"jobName": "a", "containerProperties": {"command": ["x"]},
       "arrayProperties": {"parametersFile": "a.csv", "key": "Ref::{sample}/Ref::{lane}"}},
      {"jobName": "b", "containerProperties": {"command": ["x"]}, "dependsOn": [)" +
           edges + R"(], "arrayProperties": {"parametersFile": "b.csv", "key": "sample"}},
      {"jobName": "c", "containerProperties": {"command": ["x"]}}]})";
  }
  void sheets(const std::string& a, const std::string& b) {
    write("a.csv", a);
    write("b.csv", b);
  }
};

constexpr char kLanes[] = "sample,lane\ns1,1\ns2,1\ns1,2\ns3,1\ns2,2\n";
constexpr char kMatch[] = R"({"jobId": "a", "type": "MATCH", "parameters": ["sample"]})";

TEST_F(EdgesTest, MatchJoinsEqualValues) {
  sheets(kLanes, "sample\ns2\ns1\n");
  const auto made = good(plan(kMatch));
  ASSERT_EQ(made.jobs.size(), 3U);
  const model::JobSpec& b = made.jobs[1].spec;
  EXPECT_EQ(b.depends_on,
            (std::vector<Dependency>{{JobId{0}, DependencyType::Match, model::kAllChildren, 0}}));
  constexpr std::uint32_t kNone = model::kNoGroup;
  EXPECT_EQ(b.matches,
            (std::vector<model::MatchGroups>{{2, Groups{1, 0, 1, kNone, 0}, Groups{0, 1}}}));
}

TEST_F(EdgesTest, MatchComparesSeveralParameters) {
  sheets(kLanes, "lane,sample\n2,s1\n1,s3\n1,s2\n");
  const auto made =
      good(plan(R"({"jobId": "a", "type": "MATCH", "parameters": ["sample", "lane"]})"));
  constexpr std::uint32_t kNone = model::kNoGroup;
  EXPECT_EQ(made.jobs[1].spec.matches[0],
            (model::MatchGroups{3, Groups{kNone, 2, 0, 1, kNone}, Groups{0, 1, 2}}));
}

TEST_F(EdgesTest, AMatchStandsOnce) {
  sheets(kLanes, "sample\ns1\n");
  const auto made = good(plan(std::string(kMatch) + ", " + kMatch + R"(, {"jobId": "c"})"));
  EXPECT_EQ(made.jobs[1].spec.matches.size(), 1U);
  EXPECT_EQ(made.jobs[1].spec.depends_on.size(), 2U);
}

TEST_F(EdgesTest, AnUnmatchedValueIsAnError) {
  sheets(kLanes, "sample\ns1\ns7\ns8\n");
  EXPECT_EQ(errors(plan(kMatch)),
            "plan.json: jobs[1].dependsOn[0].parameters: nothing has sample 's7', which 'b:s7' "
            "waits for\n"
            "plan.json: jobs[1].dependsOn[0].parameters: nothing has sample 's8', which 'b:s8' "
            "waits for\n");
  std::string many = "sample\n";
  for (int i = 0; i < 100; ++i) many += "x" + std::to_string(i) + "\n";
  sheets(kLanes, many);
  const std::string text = errors(plan(kMatch));
  EXPECT_NE(text.find("there are more children without a match"), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
}

TEST_F(EdgesTest, MatchIsChecked) {
  sheets(kLanes, "sample,fq\ns1,a\n");
  EXPECT_EQ(errors(plan(R"({"jobId": "a", "type": "MATCH"},
      {"jobId": "a", "type": "MATCH", "parameters": []},
      {"jobId": "a", "type": "MATCH", "parameters": ["sampel", "fq", "fq", 3]},
      {"jobId": "c", "type": "MATCH", "parameters": ["sample"]},
      {"jobId": "a:s1/1", "type": "MATCH", "parameters": ["sample"]},
      {"jobId": "a", "parameters": ["sample"]})")),
            R"(plan.json: jobs[1].dependsOn[0]: 'parameters' is missing
plan.json: jobs[1].dependsOn[1].parameters: is empty: it names what must be equal
plan.json: jobs[1].dependsOn[2].parameters[3]: must be a string, "3", not a number
plan.json: jobs[1].dependsOn[2].parameters: 'fq' stands twice
plan.json: jobs[1].dependsOn[2].parameters: 'sampel' is no parameter of 'b' that differs from child to child; did you mean 'sample'?; known: sample, fq
plan.json: jobs[1].dependsOn[2].parameters: 'fq' is no parameter of 'a' that differs from child to child; known: sample, lane
plan.json: jobs[1].dependsOn[2].parameters: 'fq' is no parameter of 'a' that differs from child to child; known: sample, lane
plan.json: jobs[1].dependsOn[2].parameters: 'sampel' is no parameter of 'a' that differs from child to child; did you mean 'sample'?; known: sample, lane
plan.json: jobs[1].dependsOn[3].type: MATCH compares parameters of two arrays' children; 'c' has none
plan.json: jobs[1].dependsOn[4].jobId: names one child; N_TO_N and MATCH are about all: write 'a'
plan.json: jobs[1].dependsOn[5].parameters: are what MATCH compares: leave them out
)");
}

TEST_F(EdgesTest, NameOneChildByKeyOrIndex) {
  sheets(kLanes, "sample\ns1\n");
  const auto made = good(plan(R"({"jobId": "a:s1/2"}, {"jobId": "a:4", "type": "AFTER_ANY"},
      {"jobId": "a:s1/2", "type": "AFTER_FAILURE"}, {"jobId": "a:2"},
      {"jobId": "c", "type": "AFTER_FAILURE"})"));
  ASSERT_EQ(made.jobs.size(), 3U);
  EXPECT_EQ(made.jobs[1].spec.depends_on,
            (std::vector<Dependency>{{JobId{0}, DependencyType::All, 2},
                                     {JobId{0}, DependencyType::AfterAny, 4},
                                     {JobId{0}, DependencyType::AfterFailure, 2},
                                     {JobId{2}, DependencyType::AfterFailure}}));
}

TEST_F(EdgesTest, ChildrenAreChecked) {
  sheets(kLanes, "sample\ns1\n");
  EXPECT_EQ(
      errors(plan(R"({"jobId": "a:s9/1"}, {"jobId": "a:5"}, {"jobId": "a:"}, {"jobId": "c:0"},
      {"jobId": "x:1"}, {"jobId": "a:0", "type": "N_TO_N"}, {"jobId": "b:s1"})")),
      R"(plan.json: jobs[1].dependsOn[0].jobId: 'a' has no child 's9/1', neither by key nor by index (5 children; the first is 's1/1')
plan.json: jobs[1].dependsOn[1].jobId: 'a' has no child '5', neither by key nor by index (5 children; the first is 's1/1')
plan.json: jobs[1].dependsOn[2].jobId: 'a' has no child '', neither by key nor by index (5 children; the first is 's1/1')
plan.json: jobs[1].dependsOn[3].jobId: 'c' is no array and has no children: write 'c'
plan.json: jobs[1].dependsOn[4].jobId: job 'x' is unknown; known: a, b, c
plan.json: jobs[1].dependsOn[5].jobId: names one child; N_TO_N and MATCH are about all: write 'a'
plan.json: jobs[1].dependsOn: jobs wait for each other: b → b
)");
}

TEST_F(EdgesTest, ManyMayNameChildrenOfALongArray) {
  std::string json = R"({"jobs": [{"jobName": "a", "containerProperties": {"command": ["x"]},
      "arrayProperties": {"parameterGrid": {"n": {"start": 1, "stop": 20000}}, "key": "n"}})";
  for (int i = 0; i < 2'000; ++i)
    json += R"(, {"jobName": "j)" + std::to_string(i) +
            R"(", "containerProperties": {"command": ["x"]}, "dependsOn": [{"jobId": "a:)" +
            std::to_string(20'000 - i) + R"("}]})";
  const auto made = good(json + "]}");
  ASSERT_EQ(made.jobs.size(), 2'001U);
  EXPECT_EQ(made.jobs[2'000].spec.depends_on[0].child, 18'000U);
}

}  // namespace
}  // namespace mpibatch::plan
