#include <mpibatch/plan/load.hpp>

#include <filesystem>

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

void expect_same(const model::Plan& a, const model::Plan& b) {
  EXPECT_EQ(a.rules, b.rules);
  ASSERT_EQ(a.jobs.size(), b.jobs.size());
  for (std::size_t i = 0; i < a.jobs.size(); ++i) {
    EXPECT_EQ(a.jobs[i].spec, b.jobs[i].spec);
    EXPECT_EQ(a.jobs[i].execution, b.jobs[i].execution);
    EXPECT_EQ(a.jobs[i].key_template, b.jobs[i].key_template);
    EXPECT_EQ(keys(a.jobs[i]), keys(b.jobs[i]));
    ASSERT_EQ(a.jobs[i].parameters != nullptr, b.jobs[i].parameters != nullptr);
    for (model::ChildIndex c = 0; a.jobs[i].parameters && c < a.jobs[i].spec.size; ++c)
      EXPECT_EQ(a.jobs[i].parameters->values(c), b.jobs[i].parameters->values(c));
  }
}

class LoadTest : public PlanFiles {
 protected:
  LoadedPlan expect_loaded(Loaded<LoadedPlan> loaded) {
    if (loaded) return std::move(*loaded);
    for (const PlanError& error : loaded.error()) ADD_FAILURE() << to_string(error);
    return {};
  }
  void save(const LoadedPlan& loaded) {
    const auto saved = save_copy(files_, copy_, loaded);
    EXPECT_TRUE(saved) << saved.error().message;
  }
  const std::string copy_ = folder_ / "state/plan/1";
};

constexpr char kPlan[] = R"({"jobs": [
  {"jobName": "a", "containerProperties": {"command": ["x", "Ref::{id}"]},
   "arrayProperties": {"parametersFile": "sheets/s.csv", "key": "id"}},
  {"jobName": "b", "containerProperties": {"command": ["x", "Ref::{id}"]}, "dependsOn":
   [{"jobId": "a", "type": "N_TO_N"}], "arrayProperties": {"parametersFile": "./sheets/s.csv"}}]})";

TEST_F(LoadTest, ACopyGivesTheSamePlanWhenTheOriginalsAreGone) {
  std::filesystem::create_directory(folder_ / "sheets");
  write("sheets/s.csv", "id,n\nx,1\ny,2\n");
  const LoadedPlan loaded = expect_loaded(load(kPlan));
  save(loaded);
  std::filesystem::remove_all(folder_ / "sheets");
  write("plan.json", "changed");
  const LoadedPlan again = expect_loaded(load_copy(files_, copy_));
  expect_same(loaded.plan, again.plan);
  ASSERT_EQ(again.sources.size(), loaded.sources.size());
  for (std::size_t i = 0; i < loaded.sources.size(); ++i) {
    EXPECT_EQ(again.sources[i].path, loaded.sources[i].path);
    EXPECT_EQ(again.sources[i].name, loaded.sources[i].name);
    EXPECT_EQ(*again.sources[i].content, *loaded.sources[i].content);
  }
}

TEST_F(LoadTest, CopiesAreByteForByteTheOriginals) {
  std::filesystem::create_directory(folder_ / "sheets");
  write("sheets/s.csv", "\xEF\xBB\xBFid\r\nx\r\n");
  save(expect_loaded(load(kPlan)));
  EXPECT_EQ(files_.read(copy_ + "/0-plan.json", 0, UINT64_MAX), kPlan);
  EXPECT_EQ(files_.read(copy_ + "/1-s.csv", 0, UINT64_MAX), "\xEF\xBB\xBFid\r\nx\r\n");
  EXPECT_TRUE(files_.exists(copy_ + "/manifest.json"));
}

TEST_F(LoadTest, SavingGoesOnAfterACrash) {
  std::filesystem::create_directory(folder_ / "sheets");
  write("sheets/s.csv", "id\nx\n");
  const LoadedPlan loaded = expect_loaded(load(kPlan));
  ASSERT_TRUE(files_.make_folder(copy_));
  write("state/plan/1/0-plan.json", "half");
  write("state/plan/1/1-s.csv.tmp", "ha");
  save(loaded);
  save(loaded);
  expect_same(loaded.plan, expect_loaded(load_copy(files_, copy_)).plan);
}

TEST_F(LoadTest, ATaskListIsCopiedWithItsOptions) {
  const TaskOptions options{2, 64, std::chrono::seconds(5), 2, {"echo", "Ref::{line}", "é"}};
  const LoadedPlan loaded =
      expect_loaded(load_tasks(files_, write("c.txt", "one\ntwo\none\n"), options));
  save(loaded);
  std::filesystem::remove(folder_ / "c.txt");
  expect_same(loaded.plan, expect_loaded(load_copy(files_, copy_)).plan);
}

TEST_F(LoadTest, NamesFilesThatAreNotThere) {
  EXPECT_EQ(errors(load_plan(files_, folder_ / "none.json")).find("none.json: cannot"), 0U);
  EXPECT_EQ(errors(load_plan(files_, folder_.path())).find(": ") == std::string::npos, false);
  EXPECT_EQ(errors(load_copy(files_, folder_ / "nowhere")).find("nowhere/manifest.json: "), 0U);
}

TEST_F(LoadTest, ADamagedCopyIsAnError) {
  save(expect_loaded(load_tasks(files_, write("c.txt", "one\n"), {})));
  const auto text = files_.read(copy_ + "/manifest.json", 0, UINT64_MAX);
  ASSERT_TRUE(text);
  for (std::size_t size = 0; size + 2 < text->size(); size += 9) {
    write("state/plan/1/manifest.json", text->substr(0, size));
    EXPECT_NE(errors(load_copy(files_, copy_)).find("is damaged"), std::string::npos) << size;
  }
  write("state/plan/1/manifest.json", R"({"version": 3})");
  EXPECT_NE(errors(load_copy(files_, copy_)).find("has version 3"), std::string::npos);
  write("state/plan/1/manifest.json", *text);
  std::filesystem::remove(copy_ + "/0-c.txt");
  EXPECT_NE(errors(load_copy(files_, copy_)).find("0-c.txt"), std::string::npos);
}

}  // namespace
}  // namespace mpibatch::plan
