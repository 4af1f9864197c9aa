#include "plan/yaml.hpp"

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

class YamlTest : public PlanFiles {
 protected:
  Loaded<LoadedPlan> load_yaml(std::string_view text, const std::string& name = "plan.yaml") {
    return load_plan(files_, write(name, text));
  }
  // The first fault of a text: `where: message`.
  static std::string fault(std::string_view text) {
    const auto root = parse_yaml(text);
    if (root) return "none";
    return root.error()[0].where + ": " + root.error()[0].message;
  }
  // What a plain scalar is: a number's text, a string in quotes, or another kind.
  static std::string scalar(const std::string& text) {
    const auto root = parse_yaml("a: " + text);
    if (!root) return "fault";
    const JsonValue& value = *root->find("a");
    if (const auto* number = value.as<JsonNumber>())
      return number->integral ? std::to_string(number->integer)
                              : "real " + std::to_string(number->value);
    if (const auto* string = value.as<std::string>()) return "'" + *string + "'";
    if (const auto* truth = value.as<bool>()) return *truth ? "true" : "false";
    return std::string(kind_name(value));
  }
};

constexpr char kPlan[] = R"(# A pipeline.
jobDefinitions:
  - jobDefinitionName: align
    containerProperties: &small {vcpus: 2, command: [align.sh, "Ref::{sample}"]}
jobs:
- jobName: align
  jobDefinition: align
  arrayProperties: {parameterGrid: {sample: [NO, 007, 1.50, yes, 0x1F]}, key: sample}
- jobName: sort
  containerProperties: *small
  parameters: {sample: null-and-void}
- jobName: report
  containerProperties:
    script: |
      echo "all done"
      date
  dependsOn:
    - jobId: align
    - jobId: sort
)";

TEST_F(YamlTest, APlanMayBeWrittenInIt) {
  const auto loaded = load_yaml(kPlan, "p.yml");
  ASSERT_TRUE(loaded) << to_string(loaded.error()[0]);
  const auto& jobs = loaded->plan.jobs;
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(keys(jobs[0]), (std::vector<std::string>{"NO", "007", "1.50", "yes", "0x1F"}));
  EXPECT_EQ(jobs[1].spec.resources.vcpus, 2U);
  EXPECT_EQ(jobs[2].execution.command.back(), "echo \"all done\"\ndate\n");
  EXPECT_EQ(jobs[2].spec.depends_on.size(), 2U);
}

TEST_F(YamlTest, PlainScalarsAreOfTheCoreSchema) {
  for (const char* text :
       {"yes", "NO", "on", "Off", "y",   "n",    "12:30", "1_000", "0b1",   "1.2.3",      "+",
        ".",   "1e", "0x", "0xG", "0o8", "0x-1", ".inf",  ".nan",  "1e999", "2001-01-01", "tRUE"})
    EXPECT_EQ(scalar(text), "'" + std::string(text) + "'");
  EXPECT_EQ(scalar("true"), "true");
  EXPECT_EQ(scalar("False"), "false");
  for (const char* text : {"null", "~", "Null", "NULL", ""}) EXPECT_EQ(scalar(text), "null");
  EXPECT_EQ(scalar("010"), "10") << "no octal";
  EXPECT_EQ(scalar("0o10"), "8");
  EXPECT_EQ(scalar("0x1f"), "31");
  EXPECT_EQ(scalar("-7"), "-7");
  EXPECT_EQ(scalar("+7"), "7");
  EXPECT_EQ(scalar("1.5"), "real 1.500000");
  EXPECT_EQ(scalar("-.5"), "real -0.500000");
  EXPECT_EQ(scalar("1."), "real 1.000000");
  EXPECT_EQ(scalar("1e3"), "real 1000.000000");
  EXPECT_EQ(scalar("12345678901234567890"), "real 12345678901234567168.000000");
  EXPECT_EQ(scalar("'1'"), "'1'");
  EXPECT_EQ(scalar("\"null\""), "'null'");
  EXPECT_EQ(scalar("!!str 1"), "'1'");
  EXPECT_EQ(scalar("!!int 1"), "1");
}

TEST_F(YamlTest, GridsCountItsNumbers) {
  const auto plan = load_yaml(
      "jobs: [{jobName: a, containerProperties: {command: [x]}, arrayProperties: {key: b, "
      "parameterGrid: {b: {start: +.5, stop: 0x2, step: 0.50}}}}]");
  ASSERT_TRUE(plan) << to_string(plan.error()[0]);
  EXPECT_EQ(keys(plan->plan.jobs[0]), (std::vector<std::string>{"0.5", "1", "1.5", "2"}));
}

TEST_F(YamlTest, FaultsHaveTheirPlace) {
  EXPECT_EQ(fault("a: [1, 2\nb: 3\n").substr(0, 6), "line 2");
  EXPECT_EQ(fault("a: 1\nb: 2\na: 3\n"), "line 3, column 1: 'a' stands twice in the same object");
  EXPECT_EQ(fault("a: {1: x, \"1\": y}"), "line 1, column 11: '1' stands twice in the same object");
  EXPECT_EQ(fault(""), ": is empty: it holds no plan");
  EXPECT_EQ(fault("# nothing\n"), ": is empty: it holds no plan");
  EXPECT_EQ(fault("a: 1\n---\nb: 2\n").substr(0, 27), "line 2, column 1: holds a s");
  EXPECT_EQ(fault("a: *x\n").substr(0, 6), "line 1");
  EXPECT_EQ(fault("a: &x [*x]\n"), "line 1, column 8: the alias stands in what it stands for");
  EXPECT_EQ(fault("[1]: 2\n"), "line 1, column 1: a field's name must be a text");
  EXPECT_EQ(fault("b: {x: 1, ~: 2}\n"), "line 1, column 11: a field has no name");
  EXPECT_EQ(fault("b: &x {y: 1}\na:\n  <<: *x\n"),
            "line 3, column 3: merge keys ('<<') are none of YAML 1.2: name a jobDefinition "
            "instead");
  EXPECT_EQ(fault("a: !file x\n"), "line 1, column 4: the tag '!file' has no meaning here");
  EXPECT_EQ(fault("a: !!int x\n"), "line 1, column 4: 'x' is not what its tag says");
  EXPECT_EQ(fault(std::string_view("a: 1\nb: \0\n", 10)), "line 2: holds a control character");
  EXPECT_EQ(fault("a: 1\nb: \x04\n"), "line 2: holds a control character");
  EXPECT_EQ(fault("a: 1\nb: \xFF\n"), "line 2: is not UTF-8");
  EXPECT_EQ(errors(load_yaml("jobs:\n- jobName: a\n  comand: x\n")).substr(0, 27),
            "plan.yaml: jobs[0].comand: ");
}

TEST_F(YamlTest, CannotExplode) {
  std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(fault(deep), "line 1, column 65: nests deeper than 64 levels");
  deep = std::string(100'000, '[');
  EXPECT_NE(fault(deep), "none");
  std::string bomb = "a0: &a0 [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]\n";
  for (int i = 1; i < 40; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_NE(fault(bomb).find("the file's aliases make more than 64 MiB of it"), std::string::npos);
}

TEST_F(YamlTest, ACopyIsReadAsTheOriginal) {
  const auto loaded = load_yaml(kPlan);
  ASSERT_TRUE(loaded);
  ASSERT_TRUE(save_copy(files_, folder_ / "copy", *loaded));
  const auto copy = load_copy(files_, folder_ / "copy");
  ASSERT_TRUE(copy) << to_string(copy.error()[0]);
  EXPECT_EQ(copy->plan.jobs[0].spec, loaded->plan.jobs[0].spec);
}

}  // namespace
}  // namespace mpibatch::plan
