#include <filesystem>

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using Texts = std::vector<std::string>;

class SweepTest : public PlanFiles {
 protected:
  Loaded<LoadedPlan> sweep(std::string_view sheet, const TaskOptions& options,
                           const std::string& name = "samples.csv") {
    return load_sheet(files_, write(name, sheet), options);
  }
  static TaskOptions command(Texts words, std::string key = "") {
    TaskOptions options;
    options.command = std::move(words);
    options.key = std::move(key);
    return options;
  }
  Texts keys_of(std::string_view sheet, const std::string& key = "") {
    const auto loaded = sweep(sheet, command({"x"}, key));
    EXPECT_TRUE(loaded);
    return loaded ? keys(loaded->plan.jobs[0]) : Texts{};
  }
};

TEST_F(SweepTest, ASheetIsAnArrayOfItsRows) {
  TaskOptions options = command({"./align.sh", "Ref::{sample}", "Ref::{fq}"});
  options.vcpus = 2;
  options.memory_mib = 100;
  options.gpus = 1;
  options.attempts = 3;
  options.max_failures = 4;
  const auto loaded = sweep("sample,fq\nNA017,a.fq\nNA018,b.fq\n", options);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->plan.jobs.size(), 1U);
  const model::PlannedJob& job = loaded->plan.jobs[0];
  EXPECT_EQ(job.spec.name, "sweep");
  EXPECT_EQ(job.spec.size, 2U);
  EXPECT_EQ(job.spec.resources, (model::Resources{2, 100, 1}));
  EXPECT_EQ(job.spec.retry.attempts, 3U);
  EXPECT_EQ(job.spec.max_failures, 4U);
  EXPECT_FALSE(job.execution.task_line);
  EXPECT_EQ(job.execution.parameter_names, (Texts{"sample", "fq"}));
  EXPECT_EQ(keys(job), (Texts{"NA017", "NA018"}));
}

TEST_F(SweepTest, TheKeyIsWhatNamesTheRow) {
  EXPECT_EQ(keys_of("a,b\n1,x\n2,x\n"), (Texts{"1", "2"}));
  EXPECT_EQ(keys_of("a,b\n1,x\n1,y\n"), (Texts{"a=1,b=x", "a=1,b=y"}));
  EXPECT_EQ(keys_of("a,b\n,x\n1,y\n"), (Texts{"a=,b=x", "a=1,b=y"})) << "an empty one names none";
  EXPECT_EQ(keys_of("a,b\n1,x\n1,x\n"), (Texts{"0", "1"}));
  EXPECT_EQ(keys_of("a,b\n1,x\n1,y\n", "b"), (Texts{"x", "y"}));
  EXPECT_EQ(keys_of("a,b\n1,x\n1,y\n", "Ref::{a}/Ref::{b}"), (Texts{"1/x", "1/y"}));
}

TEST_F(SweepTest, TabsAreKnownByTheName) {
  for (const char* name : {"s.tsv", "s.TAB"}) {
    const auto loaded = sweep("a\tb\r\n1,5\t\"x\ty\"\r\n", command({"x"}), name);
    ASSERT_TRUE(loaded) << to_string(loaded.error()[0]);
    EXPECT_EQ(loaded->plan.jobs[0].parameters->values(0), (Texts{"1,5", "x\ty"}));
  }
  write("t.tsv", "id\tn\nx\t1\n");
  EXPECT_EQ(keys(good_job(R"("containerProperties": {"command": ["x"]}, "arrayProperties":
                             {"parametersFile": "t.tsv", "key": "id"})")),
            Texts{"x"});
}

TEST_F(SweepTest, SaysWhatIsWrong) {
  EXPECT_EQ(errors(sweep("a\n1\n", TaskOptions{})),
            "-- command: is missing: say what to run for each row, such as -- ./align.sh "
            "'Ref::{sample}'\n");
  EXPECT_EQ(errors(sweep("a\n1\n", command({"x", "Ref::{b}"}, "b"))),
            "-- command: word[1]: Ref::{b} has no value; parameters: a\n"
            "--key: 'b' is no parameter of this array; known: a\n");
  EXPECT_EQ(errors(sweep("a,b\n1,2\n1,3\n", command({"x"}, "a"))).substr(0, 60),
            "--key: the key '1' stands twice: lines 2 and 3 of samples.cs");
  EXPECT_EQ(errors(sweep("a,b\n1\n", command({"x"}))),
            "samples.csv: line 2: has 1 value, the header 2\n");
}

TEST_F(SweepTest, ACopyGivesTheSamePlan) {
  TaskOptions options = command({"x", "Ref::{b}"}, "b");
  options.max_failures = 0;
  options.gpus = 2;
  const auto loaded = sweep("a\tb\n1\tx\n1\ty\n", options, "s.tsv");
  ASSERT_TRUE(loaded);
  ASSERT_TRUE(save_copy(files_, folder_ / "copy", *loaded));
  std::filesystem::remove(folder_ / "s.tsv");
  const auto copy = load_copy(files_, folder_ / "copy");
  ASSERT_TRUE(copy) << to_string(copy.error()[0]);
  EXPECT_EQ(copy->plan.jobs[0].spec, loaded->plan.jobs[0].spec);
  EXPECT_EQ(copy->plan.jobs[0].execution, loaded->plan.jobs[0].execution);
  EXPECT_EQ(keys(copy->plan.jobs[0]), (Texts{"x", "y"}));
  EXPECT_EQ(*copy->sources.back().content, *loaded->sources.back().content);
}

TEST_F(SweepTest, OlderManifestsAreRead) {
  write("c.txt", "one\n");
  std::filesystem::create_directory(folder_ / "copy");
  write("copy/0-c.txt", "one\n");
  write("copy/manifest.json", R"({"version": 1, "path": "/c.txt", "shown": "c.txt", "files":
    [{"name": "0-c.txt", "path": "/c.txt"}], "tasks": {"vcpus": 2, "memoryMiB": 0,
    "timeoutMicroseconds": 0, "attempts": 1, "command": []}})");
  const auto copy = load_copy(files_, folder_ / "copy");
  ASSERT_TRUE(copy) << to_string(copy.error()[0]);
  EXPECT_EQ(copy->plan.jobs[0].spec.resources.vcpus, 2U);
}

}  // namespace
}  // namespace mpibatch::plan
