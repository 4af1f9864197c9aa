#include <set>

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

// What an array may have beside its children: bounds and a seed.
class LimitsTest : public PlanFiles {
 protected:
  model::PlannedJob array(const std::string& fields) {
    return good_job(R"("containerProperties": {"command": ["x", "Ref::{seed}"]}, "parameters":
        {"seed": "0"}, "arrayProperties": {)" +
                    fields + "}");
  }
  static std::vector<std::string> seeds(const model::PlannedJob& job) {
    std::vector<std::string> all;
    for (model::ChildIndex child = 0; child < job.spec.size; ++child)
      all.push_back(job.parameters->values(child).back());
    return all;
  }
};

TEST_F(LimitsTest, BoundChildrenAndFailures) {
  const auto job = array(R"("size": 205, "maxConcurrent": 10, "maxFailures": "10%")");
  EXPECT_EQ(job.spec.max_concurrent, 10U);
  EXPECT_EQ(job.spec.max_failures, 20U) << "rounded down";
  EXPECT_EQ(array(R"("size": 5, "maxFailures": 3)").spec.max_failures, 3U);
  EXPECT_EQ(array(R"("size": 200, "maxFailures": "0.5%")").spec.max_failures, 1U);
  EXPECT_EQ(array(R"("size": 1000, "maxFailures": "29%")").spec.max_failures, 290U);
  EXPECT_EQ(array(R"("size": 5)").spec.max_failures, std::nullopt);
  EXPECT_EQ(array(R"("size": 5)").spec.max_concurrent, 0U);
}

TEST_F(LimitsTest, AreChecked) {
  const std::string place = "plan.json: jobs[0].arrayProperties.";
  EXPECT_EQ(job_errors(R"("arrayProperties": {"size": 5, "maxConcurrent": 0, "maxFailures": -1,
                          "seed": []})"),
            place + "maxConcurrent: must be a whole number from 1 to 10000000, not 0\n" + place +
                "maxFailures: must be a whole number from 0 to 10000000, not -1\n" + place +
                "seed: must be a string or a number, not an array\n");
  for (const char* text : {"", "%", "10", "10 %", "101%", "-1%", "1e1%", "nan%", "inf%", "10%%"})
    EXPECT_EQ(job_errors(R"("arrayProperties": {"size": 5, "maxFailures": ")" + std::string(text) +
                         "\"}"),
              place +
                  "maxFailures: must be a number of children or a part of them from \"0%\" to "
                  "\"100%\", not \"" +
                  text + "\"\n");
  EXPECT_EQ(job_errors(R"("arrayProperties": {"parameterGrid": {"seed": [1]}, "seed": 1})"),
            place +
                "seed: stands beside a parameter of the children that is called 'seed', "
                "too\n");
}

TEST_F(LimitsTest, ASeedGivesEachChildANumberOfItsOwn) {
  const auto job = array(R"("size": 1000, "seed": 42)");
  EXPECT_EQ(job.execution.parameter_names, (std::vector<std::string>{"seed"}));
  EXPECT_TRUE(job.execution.parameters.empty()) << "the child's own comes first";
  const auto numbers = seeds(job);
  EXPECT_EQ(std::set<std::string>(numbers.begin(), numbers.end()).size(), 1000U);
  for (const std::string& number : numbers) EXPECT_LT(std::stoul(number), 1UL << 31);
  EXPECT_EQ(model::key_of(job, 7), "7");
  EXPECT_EQ(seeds(array(R"("size": 3, "seed": "42")")),
            (std::vector<std::string>(numbers.begin(), numbers.begin() + 3)));
  EXPECT_NE(seeds(array(R"("size": 3, "seed": 43)"))[0], numbers[0]);
  // They are journaled nowhere and must be the same in every version.
  EXPECT_EQ(numbers[0], "674569805");
}

TEST_F(LimitsTest, ASeedFollowsTheChildsValues) {
  write("s.csv", "id,n\nx,1\ny,2\n");
  write("t.csv", "n,id\n5,z\n2,y\n");
  const auto before = array(R"("parametersFile": "s.csv", "key": "id", "seed": 1)");
  const auto after = array(R"("parametersFile": "t.csv", "key": "id", "seed": 1)");
  EXPECT_EQ(seeds(before)[1], seeds(after)[1]) << "wherever the row and the columns stand";
  EXPECT_NE(seeds(before)[0], seeds(after)[0]);
  EXPECT_EQ(keys(before), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(keys(array(R"("parameterGrid": {"n": [1, 2]}, "seed": 1)")),
            (std::vector<std::string>{"n=1", "n=2"}));
}

TEST_F(LimitsTest, GpusAreAskedFor) {
  EXPECT_EQ(good_job(R"("containerProperties": {"command": ["x"], "resourceRequirements":
                        [{"type": "GPU", "value": "2"}]})")
                .spec.resources,
            (model::Resources{1, 0, 2}));
  EXPECT_EQ(good_job(R"("containerProperties": {"command": ["x"], "gpus": 1},
                        "containerOverrides": {"gpus": 3})")
                .spec.resources.gpus,
            3U);
  EXPECT_EQ(job_errors(R"("containerOverrides": {"gpus": 1, "resourceRequirements":
                          [{"type": "GPU", "value": 1}, {"type": "GPU", "value": 1},
                           {"type": "TPU", "value": 1}]})"),
            R"(plan.json: jobs[0].containerOverrides.resourceRequirements[1]: GPU is given twice
plan.json: jobs[0].containerOverrides.resourceRequirements[2].type: 'TPU' must be VCPU or MEMORY or GPU
plan.json: jobs[0].containerOverrides.gpus: is given twice: in resourceRequirements, too
)");
}

TEST_F(LimitsTest, MemoryMayGrow) {
  const auto job = good_job(R"("containerProperties": {"command": ["x"], "memory": 100},
      "retryStrategy": {"attempts": 3, "memoryMultiplier": 1.5, "memoryMax": "400"})");
  EXPECT_EQ(job.spec.retry, (model::RetryStrategy{3, {}, 1.5, 400}));
  const std::string place = "plan.json: jobs[0].retryStrategy";
  EXPECT_EQ(job_errors(R"("retryStrategy": {"memoryMultiplier": 2})"),
            place + ": 'attempts' is missing: 'memoryMultiplier' needs it\n" + place +
                ": 'memoryMultiplier' multiplies nothing: the job asks for no MEMORY\n");
  EXPECT_EQ(job_errors(R"("containerOverrides": {"memory": 100}, "retryStrategy": {"attempts": 2,
                          "memoryMultiplier": 2, "memoryMax": 50})"),
            place + ": 'memoryMax' (50) is less than the MEMORY that the job asks for, 100\n");
  EXPECT_EQ(job_errors(R"("retryStrategy": {"attempts": 2, "memoryMax": 3})"),
            place + ".memoryMax: bounds what 'memoryMultiplier' makes, which is missing\n" + place +
                ".memoryMax: must be a whole number from 4 to 1125899906842624, not 3\n");
  EXPECT_EQ(job_errors(R"("retryStrategy": {"attempts": 2, "memoryMultiplier": 0.5})"),
            place + ".memoryMultiplier: must be a number from 1 to 100, not 0.5\n");
}

TEST_F(LimitsTest, InactiveDefinitionsAreNotThere) {
  const auto named = [&](const std::string& reference) {
    return R"({"jobDefinitions": [
      {"jobDefinitionName": "d", "revision": 1, "status": "ACTIVE",
       "containerProperties": {"command": ["one"]}},
      {"jobDefinitionName": "d", "revision": 2, "status": "INACTIVE",
       "containerProperties": {"command": ["two"]}},
      {"jobDefinitionName": "e", "status": "INACTIVE", "containerProperties": {"command": ["x"]}}],
      "jobs": [{"jobName": "a", "jobDefinition": ")" +
           reference + "\"}]}";
  };
  EXPECT_EQ(good(named("d")).jobs[0].execution.command[0], "one");
  EXPECT_EQ(errors(named("d:2")),
            "plan.json: jobs[0].jobDefinition: JobDefinition name d:2 does not exist or is not in "
            "ACTIVE status; see jobDefinitions[1]\n");
  EXPECT_EQ(errors(named("e")),
            "plan.json: jobs[0].jobDefinition: JobDefinition name e does not exist or is not in "
            "ACTIVE status; see jobDefinitions[2]\n");
}

}  // namespace
}  // namespace mpibatch::plan
