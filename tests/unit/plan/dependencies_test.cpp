#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

class DependenciesTest : public PlanFiles {
 protected:
  // Jobs "a", "b", … with these fields each.
  static std::string jobs(const std::vector<std::string>& fields) {
    std::string text;
    char name = 'a';
    for (const std::string& field : fields) {
      text += text.empty() ? "{\"jobs\": [" : ", ";
      text += "{\"jobName\": \"" + std::string(1, name++) +
              "\", \"containerProperties\": {\"command\": [\"true\"]}";
      text += (field.empty() ? "" : ", ") + field + "}";
    }
    return text + "]}";
  }
};

constexpr char kArray[] = R"("arrayProperties": {"size": 3})";

TEST_F(DependenciesTest, ResolveToPlacesInThePlan) {
  const auto plan =
      good(jobs({R"("dependsOn": [{"jobId": "c"}, {"jobId": "b"}, {"jobId": "c"}])", "", ""}));
  ASSERT_EQ(plan.jobs.size(), 3U);
  EXPECT_EQ(plan.jobs[0].spec.depends_on,
            (std::vector<model::Dependency>{{model::JobId{2}, model::DependencyType::All},
                                            {model::JobId{1}, model::DependencyType::All}}));
}

TEST_F(DependenciesTest, KnowTypes) {
  const std::string array = kArray;
  const auto plan = good(jobs({array + R"(, "dependsOn": [{"type": "SEQUENTIAL"}])",
                               array + R"(, "dependsOn": [{"jobId": "a", "type": "N_TO_N"}])"}));
  ASSERT_EQ(plan.jobs.size(), 2U);
  EXPECT_EQ(plan.jobs[0].spec.depends_on[0],
            (model::Dependency{model::JobId{0}, model::DependencyType::Sequential}));
  EXPECT_EQ(plan.jobs[1].spec.depends_on[0],
            (model::Dependency{model::JobId{0}, model::DependencyType::NToN}));
}

TEST_F(DependenciesTest, AreRefusedWhereTheyCannotBe) {
  const std::string array = kArray;
  EXPECT_EQ(
      errors(
          jobs({R"("dependsOn": [{"type": "SEQUENTIAL"}, {"type": "N_TO_N"}, {}])",
                R"("dependsOn": [{"jobId": "c", "type": "N_TO_N"}, {"jobId": "x", "type": "MATCH",
                      "parameters": ["s"]}, {"jobId": "a", "type": "AFTER_FAILURE"}])",
                array + R"(, "dependsOn": [{"jobId": "a", "type": "SEQUENTIAL"},
                      {"jobId": "a", "type": "n_to_n"}, {"jobId": "a:3"}, {"jobID": "a"}])"})),
      R"(plan.json: jobs[0].dependsOn[0].type: SEQUENTIAL is for arrays; 'a' has no arrayProperties
plan.json: jobs[0].dependsOn[1]: 'jobId' is missing
plan.json: jobs[0].dependsOn[2]: 'jobId' is missing
plan.json: jobs[1].dependsOn[0].type: N_TO_N joins the children of two arrays; 'b' has no arrayProperties
plan.json: jobs[1].dependsOn[1].jobId: job 'x' is unknown; known: a, b, c
plan.json: jobs[2].dependsOn[0].jobId: SEQUENTIAL is about the job's own children: leave 'jobId' out
plan.json: jobs[2].dependsOn[1].type: 'n_to_n' must be SEQUENTIAL, N_TO_N, MATCH, AFTER_ANY, AFTER_FAILURE or left out
plan.json: jobs[2].dependsOn[2].jobId: 'a' is no array and has no children: write 'a'
plan.json: jobs[2].dependsOn[3].jobID: unknown field 'jobID'; did you mean 'jobId'?
plan.json: jobs[2].dependsOn[3]: 'jobId' is missing
)");
}

TEST_F(DependenciesTest, CyclesArePrinted) {
  EXPECT_EQ(errors(jobs({R"("dependsOn": [{"jobId": "a"}])"})),
            "plan.json: jobs[0].dependsOn: jobs wait for each other: a → a\n");
  EXPECT_EQ(errors(jobs({"", R"("dependsOn": [{"jobId": "a"}, {"jobId": "c"}])",
                         R"("dependsOn": [{"jobId": "d"}])", R"("dependsOn": [{"jobId": "b"}])"})),
            "plan.json: jobs[1].dependsOn: jobs wait for each other: b → c → d → b\n");
}

TEST_F(DependenciesTest, ChainsMayBeLong) {
  std::string json = "{\"jobs\": [";
  for (int i = 0; i < 5'000; ++i) {
    json += (i > 0 ? ", " : "") + std::string(R"({"jobName": "j)") + std::to_string(i) +
            R"(", "containerProperties": {"command": ["true"]})";
    if (i < 4'999) json += R"(, "dependsOn": [{"jobId": "j)" + std::to_string(i + 1) + "\"}]";
    json += "}";
  }
  EXPECT_EQ(good(json + "]}").jobs.size(), 5'000U);
}

}  // namespace
}  // namespace mpibatch::plan
