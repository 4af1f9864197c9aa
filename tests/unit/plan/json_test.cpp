#include "plan/json.hpp"

#include <gtest/gtest.h>

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

TEST(Json, KeepsTheOrderOfFieldsAndTheTextOfNumbers) {
  const auto value = parse_json("\xEF\xBB\xBF{\"b\": 1.50, \"a\": [9223372036854775807, -3]}");
  ASSERT_TRUE(value);
  const auto& object = std::get<JsonObject>(value->data);
  EXPECT_EQ(object[0].first, "b");
  EXPECT_EQ(object[0].second.as<JsonNumber>()->text, "1.50");
  const auto& array = *value->find("a")->as<JsonArray>();
  EXPECT_EQ(array[0].as<JsonNumber>()->integer, INT64_MAX);
  EXPECT_TRUE(array[1].as<JsonNumber>()->integral);
}

class JsonTest : public PlanFiles {};

TEST_F(JsonTest, SyntaxErrorsHaveLineAndColumn) {
  const std::string text = errors("{\"jobs\": [\n  {\"jobName\": \"a\",}\n]}");
  EXPECT_EQ(text.find("plan.json: line 2, column 19: is no valid JSON: "), 0U) << text;
  EXPECT_EQ(errors("").find("plan.json: line 1, column 1: is no valid JSON"), 0U) << errors("");
  EXPECT_EQ(errors("{} x").find("plan.json: line 1, column 4: "), 0U) << errors("{} x");
  EXPECT_NE(errors("{\"a\": 1e999}").find("is no valid JSON"), std::string::npos);
  EXPECT_NE(errors("{\"a\": \"\xFF\"}").find("is no valid JSON"), std::string::npos);
}

TEST_F(JsonTest, RepeatedFieldsAreErrors) {
  EXPECT_EQ(errors(R"({"jobs": [{"jobName": "a", "x": [{"p": 1, "p": 2}], "jobName": "b"}]})"),
            "plan.json: jobs[0].x[0].p: stands twice in the same object\n"
            "plan.json: jobs[0].jobName: stands twice in the same object\n");
}

TEST_F(JsonTest, DeepNestingIsRefused) {
  EXPECT_NE(errors("{\"jobs\": " + std::string(100'000, '[')).find("nests deeper than 64 levels"),
            std::string::npos);
}

}  // namespace
}  // namespace mpibatch::plan
