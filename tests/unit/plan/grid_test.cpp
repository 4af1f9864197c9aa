#include "plan/grid.hpp"

#include <gtest/gtest.h>

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using Texts = std::vector<std::string>;

class GridTest : public PlanFiles {
 protected:
  model::PlannedJob grid_job(const std::string& grid, const std::string& more = "") {
    return good_job(R"("containerProperties": {"command": ["true"]},
                       "arrayProperties": {"parameterGrid": )" +
                    grid + more + "}");
  }
  Texts points(const std::string& dimension) {
    const auto job = grid_job("{\"x\": " + dimension + "}");
    Texts all;
    for (model::ChildIndex i = 0; i < job.spec.size; ++i)
      all.push_back(job.parameters->values(i)[0]);
    return all;
  }
  std::string grid_errors(const std::string& grid) {
    return job_errors(R"("arrayProperties": {"parameterGrid": )" + grid + "}");
  }
};

TEST_F(GridTest, CountsDecimalsExactly) {
  EXPECT_EQ(points(R"({"start": 0.1, "stop": 1.0, "step": 0.1})"),
            (Texts{"0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"}));
  EXPECT_EQ(points(R"({"start": -0.3, "stop": 0.3, "step": 0.1})"),
            (Texts{"-0.3", "-0.2", "-0.1", "0", "0.1", "0.2", "0.3"}));
  EXPECT_EQ(points(R"({"start": 1, "stop": 0.25, "step": -0.25})"),
            (Texts{"1", "0.75", "0.5", "0.25"}));
  EXPECT_EQ(points(R"({"start": 0, "stop": 4})"), (Texts{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(points(R"({"start": 1, "stop": 10, "step": 4})"), (Texts{"1", "5", "9"}));
  EXPECT_EQ(points(R"({"start": 7, "stop": 7})"), (Texts{"7"}));
}

TEST_F(GridTest, WritesNumbersShortly) {
  EXPECT_EQ(points(R"({"start": 1e-3, "stop": 3E-3, "step": 1e-3})"),
            (Texts{"0.001", "0.002", "0.003"}));
  EXPECT_EQ(points(R"({"start": 1e-20, "stop": 1.5e-20, "step": 5e-21})"),
            (Texts{"1e-20", "1.5e-20"}));
  EXPECT_EQ(points(R"({"start": 1e6, "stop": 2e6, "step": 1e6})"), (Texts{"1000000", "2000000"}));
  EXPECT_EQ(points(R"({"start": 12.50, "stop": 112.5, "step": 1e2})"), (Texts{"12.5", "112.5"}));
  EXPECT_EQ(points(R"([1000, 1e-3, "x y", true])"), (Texts{"1000", "1e-3", "x y", "true"}));
}

TEST_F(GridTest, RunsThroughTheFirstNameSlowest) {
  const auto job = grid_job(R"({"b": ["x", "y"], "a": {"start": 0, "stop": 2}})");
  EXPECT_EQ(keys(job), (Texts{"b=x,a=0", "b=x,a=1", "b=x,a=2", "b=y,a=0", "b=y,a=1", "b=y,a=2"}));
  EXPECT_EQ(job.execution.parameter_names, (Texts{"b", "a"}));
}

TEST_F(GridTest, TakesAKeyOfItsOwn) {
  EXPECT_EQ(keys(grid_job(R"({"n": [1, 2]})", R"(, "key": "n")")), (Texts{"1", "2"}));
}

TEST_F(GridTest, MultipliesWithASheet) {
  write("s.csv", "id\nx\ny\n");
  const auto job = grid_job(R"({"n": [1, 2]})", R"(, "parametersFile": "s.csv")");
  EXPECT_EQ(keys(job), (Texts{"id=x,n=1", "id=x,n=2", "id=y,n=1", "id=y,n=2"}));
  EXPECT_EQ(job.parameters->values(2), (Texts{"y", "1"}));
}

TEST_F(GridTest, FindsRepeatedRowsOfAProduct) {
  write("s.csv", "id\nx\nx\n");
  EXPECT_EQ(
      job_errors(R"("arrayProperties": {"parametersFile": "s.csv",
                                              "parameterGrid": {"n": [1]}})"),
      "plan.json: jobs[0].arrayProperties: the key 'id=x,n=1' stands twice: children 0 and 1; "
      "each child needs a key of its own\n");
  EXPECT_NE(job_errors(R"("arrayProperties": {"parametersFile": "s.csv",
                                              "parameterGrid": {"id": [1]}})")
                .find("parameterGrid.id: is a column of the sheet, too"),
            std::string::npos);
}

TEST_F(GridTest, ReachesTenMillionPointsWithoutStoringThem) {
  const auto job =
      grid_job(R"({"a": {"start": 1, "stop": 10000}, "b": {"start": 1, "stop": 1000}})");
  EXPECT_EQ(job.spec.size, model::kChildrenMax);
  EXPECT_EQ(model::key_of(job, job.spec.size - 1), "a=10000,b=1000");
  EXPECT_NE(grid_errors(R"({"a": {"start": 0, "stop": 10000}, "b": {"start": 1, "stop": 1000}})")
                .find("has more than 10000000 points"),
            std::string::npos);
  EXPECT_NE(grid_errors(R"({"a": {"start": 0, "stop": 1, "step": 1e-12}})").find("more than"),
            std::string::npos);
}

TEST_F(GridTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(
      grid_errors(R"({"a": [], "b": [1, 1], "c": {"start": 0}, "d": 3, "PATH": [1],
                            "e": {"start": 0, "stop": 1, "step": 0},
                            "f": {"start": 0, "stop": 1, "step": -1}, "g": [[1]],
                            "h": {"start": "0", "stop": 1, "stopp": 2},
                            "i": {"start": 0.12345678901234567890123, "stop": 1}})"),
      R"(plan.json: jobs[0].arrayProperties.parameterGrid.a: is empty: the product would have no points
plan.json: jobs[0].arrayProperties.parameterGrid.b: the value '1' stands twice
plan.json: jobs[0].arrayProperties.parameterGrid.c: 'stop' is missing
plan.json: jobs[0].arrayProperties.parameterGrid.d: must be a list of values or {start, stop, step}, not a number
plan.json: jobs[0].arrayProperties.parameterGrid.PATH: the name 'PATH' is reserved: attempts have the PATH that `run` was started with
plan.json: jobs[0].arrayProperties.parameterGrid.e.step: must not be 0
plan.json: jobs[0].arrayProperties.parameterGrid.f: steps away from its stop and never reaches it
plan.json: jobs[0].arrayProperties.parameterGrid.g[0]: must be a string or a number, not an array
plan.json: jobs[0].arrayProperties.parameterGrid.h.stopp: unknown field 'stopp'; did you mean 'stop'?
plan.json: jobs[0].arrayProperties.parameterGrid.h.start: must be a number, not a string
plan.json: jobs[0].arrayProperties.parameterGrid.i.start: 0.12345678901234567890123 has too many digits to be counted exactly
)");
  EXPECT_NE(grid_errors("{}").find("with one at least"), std::string::npos);
}

}  // namespace
}  // namespace mpibatch::plan
