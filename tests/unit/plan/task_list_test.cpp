#include "plan/task_list.hpp"

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using Texts = std::vector<std::string>;

class TaskListTest : public PlanFiles {
 protected:
  Loaded<LoadedPlan> tasks(std::string_view content, const TaskOptions& options = {}) {
    return load_tasks(files_, write("cmds.txt", content), options);
  }
  model::PlannedJob job(std::string_view content, const TaskOptions& options = {}) {
    auto loaded = tasks(content, options);
    if (loaded) return loaded->plan.jobs.at(0);
    for (const PlanError& error : loaded.error()) ADD_FAILURE() << to_string(error);
    return {};
  }
};

TEST_F(TaskListTest, MakesAChildOfEachLine) {
  const auto made = job("gzip a.fq\n\n# a comment\n  \t\n  # another\ngzip b.fq | wc\r\necho last");
  EXPECT_EQ(made.spec.name, "tasks");
  EXPECT_TRUE(made.spec.array);
  EXPECT_EQ(made.execution.command, Texts{"Ref::{line}"});
  EXPECT_TRUE(made.execution.task_line);
  EXPECT_EQ(made.execution.parameter_names, Texts{"line"});
  EXPECT_EQ(keys(made), (Texts{"gzip a.fq", "gzip b.fq | wc", "echo last"}));
  EXPECT_EQ(made.parameters->values(1), Texts{"gzip b.fq | wc"});
  EXPECT_EQ(model::find_child(made, "echo last"), 2U);
}

TEST_F(TaskListTest, TellsEqualLinesApart) {
  EXPECT_EQ(keys(job("a\nb\na\na\n")), (Texts{"a", "b", "a#2", "a#3"}));
  EXPECT_EQ(keys(job("a#2\na\na\na#2\n")), (Texts{"a#2", "a", "a#3", "a#2#2"}));
}

TEST_F(TaskListTest, TakesOptionsAndACommand) {
  const TaskOptions options{2, 4000, std::chrono::seconds(60), 3, {"gzip", "Ref::{line}"}};
  const auto made = job("a.fq\nb.fq\n", options);
  EXPECT_FALSE(made.execution.task_line);
  EXPECT_EQ(made.execution.command, (Texts{"gzip", "Ref::{line}"}));
  EXPECT_EQ(made.spec.resources, (model::Resources{2, 4000}));
  EXPECT_EQ(made.execution.resources, made.spec.resources);
  EXPECT_EQ(made.execution.timeout, std::chrono::seconds(60));
  EXPECT_EQ(made.spec.retry.attempts, 3U);
  EXPECT_EQ(keys(made), (Texts{"a.fq", "b.fq"}));
}

TEST_F(TaskListTest, SaysWhatIsWrong) {
  EXPECT_EQ(errors(tasks("\n# only this\n")),
            "cmds.txt: holds no task: every line is blank or begins with '#'\n");
  EXPECT_EQ(errors(tasks("a\nb\xFF\n")), "cmds.txt: line 2: is not UTF-8\n");
  EXPECT_EQ(errors(tasks(std::string_view("a\n\0", 3))),
            "cmds.txt: line 2: holds a NUL byte: no command could be given it\n");
  EXPECT_EQ(errors(tasks("a\n", {0, 3, Duration{-1}, 11, {"x", "Ref::{lin}"}})),
            "--vcpus: must be at least 1\n"
            "--memory: must be at least 4 (MiB)\n"
            "--timeout: must be at least 1 (second)\n"
            "--attempts: must be from 1 to 10\n"
            "-- command: word[1]: Ref::{lin} has no value; parameters: line\n");
  EXPECT_NE(errors(load_tasks(files_, folder_ / "none.txt", {})).find("none.txt"),
            std::string::npos);
}

}  // namespace
}  // namespace mpibatch::plan
