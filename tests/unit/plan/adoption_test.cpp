#include <mpibatch/plan/adoption.hpp>

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

using model::JobId;
using model::Move;
using Moves = std::vector<Move>;
using Ids = std::vector<JobId>;

class AdoptionTest : public PlanFiles {
 protected:
  // One array job "a" over this sheet, keyed by its first column.
  model::Plan sheet_plan(const std::string& content, const std::string& command = "x") {
    write("s.csv", content);
    return good(R"({"jobs": [{"jobName": "a", "containerProperties": {"command": [")" + command +
                R"("]}, "arrayProperties": {"parametersFile": "s.csv", "key": ")" +
                content.substr(0, content.find_first_of(",\n")) + "\"}}]}");
  }
  // Jobs that wait for the one before.
  model::Plan chain(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
      text += (text.empty() ? "{\"jobs\": [" : ", ") + std::string("{\"jobName\": \"") + name +
              R"(", "containerProperties": {"command": ["x"]})";
      if (&name != &names.front()) text += R"(, "dependsOn": [{"jobId": ")" + *(&name - 1) + "\"}]";
      text += "}";
    }
    return good(text + "]}");
  }
  model::Plan sized(int size) {
    return good(R"({"jobs": [{"jobName": "a", "containerProperties": {"command": ["x"]},
                    "arrayProperties": {"size": )" +
                std::to_string(size) + "}}]}");
  }
  static Adoption adopt_after(const model::Plan& before, const model::Plan& after,
                              bool rerun_changed = false) {
    Ids ids;
    for (std::size_t i = 0; i < before.jobs.size(); ++i) ids.push_back(JobId(10 + i));
    return adopt({&before, ids, &after, JobId{50}, model::Revision{2}, rerun_changed});
  }
};

TEST_F(AdoptionTest, TheFirstPlanIsAllNew) {
  const auto plan = chain({"a", "b"});
  const Adoption adoption = adopt({nullptr, {}, &plan, JobId{0}, model::Revision{1}, false});
  EXPECT_EQ(adoption.ids, (Ids{JobId{0}, JobId{1}}));
  EXPECT_EQ(adoption.next_id, JobId{2});
  EXPECT_EQ(adoption.fact.revision, model::Revision{1});
  EXPECT_EQ(adoption.fact.rules, plan.rules);
  ASSERT_EQ(adoption.fact.jobs.size(), 2U);
  EXPECT_TRUE(adoption.fact.jobs[0].kept.empty());
  EXPECT_FALSE(adoption.jobs[0].known);
  EXPECT_EQ(adoption.jobs[0].added, 1U);
  EXPECT_EQ(adoption.jobs[0].text(), "job 'a' is new");
}

TEST_F(AdoptionTest, JobsKeepTheirIdsByName) {
  const Adoption adoption = adopt_after(chain({"a", "b", "c"}), chain({"c", "x", "a"}));
  EXPECT_EQ(adoption.ids, (Ids{JobId{12}, JobId{50}, JobId{10}}));
  EXPECT_EQ(adoption.next_id, JobId{51});
  EXPECT_EQ(adoption.fact.jobs[1].spec.depends_on[0].job, JobId{12});
  EXPECT_EQ(adoption.fact.jobs[2].spec.depends_on[0].job, JobId{50});
  EXPECT_EQ(adoption.fact.jobs[0].kept, Moves{(Move{0, 0, 1})});
  ASSERT_EQ(adoption.removed.size(), 1U);
  EXPECT_EQ(adoption.removed[0].id, JobId{11});
  EXPECT_EQ(adoption.removed[0].name, "b");
}

TEST_F(AdoptionTest, AnEqualPlanIsOneMoveAJob) {
  const auto plan = sheet_plan("id,n\nx,1\ny,2\nz,3\n");
  const Adoption adoption = adopt_after(plan, sheet_plan("id,n\nx,1\ny,2\nz,3\n"), true);
  EXPECT_EQ(adoption.fact.jobs[0].kept, Moves{(Move{0, 0, 3})});
  EXPECT_EQ(adoption.jobs[0].kept, 3U);
  EXPECT_EQ(adoption.jobs[0].text(), "");
}

TEST_F(AdoptionTest, RowsAreKnownByKeyWhereverTheyGo) {
  const Adoption adoption = adopt_after(sheet_plan("id,n\na,1\nb,2\nc,3\nd,4\ne,5\n"),
                                        sheet_plan("id,n\nd,4\ne,5\nnew,9\na,1\nc,7\n"));
  EXPECT_EQ(adoption.fact.jobs[0].kept, (Moves{{3, 0, 2}, {0, 3, 1}, {2, 4, 1}}));
  const JobAdoption& job = adoption.jobs[0];
  EXPECT_EQ(job.kept, 4U);
  EXPECT_EQ(job.added, 1U);
  EXPECT_EQ(job.removed, (model::Ranges{{1, 2}}));
  EXPECT_EQ(job.values_changed, (model::Ranges{{4, 5}}));
  EXPECT_TRUE(job.redone.empty());
  EXPECT_EQ(job.text(), "job 'a': 4 children kept, 1 new, 1 removed, 1 with other values");
}

TEST_F(AdoptionTest, ColumnsMayChangeTheirOrder) {
  auto after = sheet_plan("n,id\n1,x\n2,y\n");
  after.jobs[0].key_template = "Ref::{id}";
  const Adoption adoption = adopt_after(sheet_plan("id,n\nx,1\ny,2\n"), after, true);
  EXPECT_EQ(adoption.fact.jobs[0].kept, Moves{(Move{0, 0, 2})});
  EXPECT_TRUE(adoption.jobs[0].values_changed.empty());
}

TEST_F(AdoptionTest, RerunChangedLeavesOutWhatChanged) {
  const Adoption values =
      adopt_after(sheet_plan("id,n\nx,1\ny,2\nz,3\n"), sheet_plan("id,n\nx,1\ny,9\nz,3\n"), true);
  EXPECT_EQ(values.fact.jobs[0].kept, (Moves{{0, 0, 1}, {2, 2, 1}}));
  EXPECT_EQ(values.jobs[0].redone, (model::Ranges{{1, 2}}));
  EXPECT_FALSE(values.jobs[0].definition_changed);

  const auto before = sheet_plan("id\nx\ny\n", "old");
  const auto after = sheet_plan("id\nx\ny\n", "new");
  const Adoption kept = adopt_after(before, after);
  EXPECT_TRUE(kept.jobs[0].definition_changed);
  EXPECT_EQ(kept.jobs[0].text(), "job 'a': 2 children kept, its definition has changed");
  EXPECT_EQ(kept.fact.jobs[0].kept, Moves{(Move{0, 0, 2})});
  const Adoption redone = adopt_after(before, after, true);
  EXPECT_TRUE(redone.fact.jobs[0].kept.empty());
  EXPECT_EQ(redone.jobs[0].redone, (model::Ranges{{0, 2}}));
}

TEST_F(AdoptionTest, SizesGrowAndShrinkAtTheEnd) {
  const Adoption grown = adopt_after(sized(3), sized(5));
  EXPECT_EQ(grown.fact.jobs[0].kept, Moves{(Move{0, 0, 3})});
  EXPECT_EQ(grown.jobs[0].added, 2U);
  const Adoption shrunk = adopt_after(sized(5), sized(3));
  EXPECT_EQ(shrunk.fact.jobs[0].kept, Moves{(Move{0, 0, 3})});
  EXPECT_EQ(shrunk.jobs[0].removed, (model::Ranges{{3, 5}}));
}

TEST_F(AdoptionTest, GridsGrowByKey) {
  const auto grid = [&](const std::string& n) {
    return good(R"({"jobs": [{"jobName": "a", "containerProperties": {"command": ["x"]},
      "arrayProperties": {"parameterGrid": {"n": )" +
                n + R"(, "r": [0, 1]}}}]})");
  };
  const Adoption adoption = adopt_after(grid("[1, 3]"), grid("[1, 2, 3]"));
  EXPECT_EQ(adoption.fact.jobs[0].kept, (Moves{{0, 0, 2}, {2, 4, 2}}));
  EXPECT_EQ(adoption.jobs[0].added, 2U);
}

TEST_F(AdoptionTest, AnArrayIsNotTheJobItWas) {
  const Adoption adoption = adopt_after(chain({"a"}), sized(2));
  EXPECT_EQ(adoption.ids, Ids{JobId{10}});
  EXPECT_TRUE(adoption.fact.jobs[0].kept.empty());
  EXPECT_EQ(adoption.jobs[0].removed, (model::Ranges{{0, 1}}));
  EXPECT_EQ(adoption.jobs[0].added, 2U);
}

TEST_F(AdoptionTest, TaskLinesMoveWithTheirText) {
  const auto before = load_tasks(files_, write("c.txt", "a\nb\nb\nc\n"), {});
  const auto after = load_tasks(files_, write("c.txt", "b\n# x\nc\nb\nd\n"), {});
  ASSERT_TRUE(before && after);
  const Adoption adoption = adopt_after(before->plan, after->plan, true);
  EXPECT_EQ(adoption.fact.jobs[0].kept, (Moves{{1, 0, 1}, {3, 1, 1}, {2, 2, 1}}));
  EXPECT_EQ(adoption.jobs[0].removed, (model::Ranges{{0, 1}}));
  EXPECT_EQ(adoption.jobs[0].added, 1U);
}

TEST_F(AdoptionTest, SequentialStaysWithItsJob) {
  const auto plan = good(R"({"jobs": [{"jobName": "a", "containerProperties": {"command": ["x"]},
      "arrayProperties": {"size": 3}, "dependsOn": [{"type": "SEQUENTIAL"}]}]})");
  const Adoption adoption = adopt_after(plan, plan);
  EXPECT_EQ(adoption.fact.jobs[0].spec.depends_on[0],
            (model::Dependency{JobId{10}, model::DependencyType::Sequential}));
}

TEST_F(AdoptionTest, EdgesAreOfTheNewPlan) {
  const auto made = [&](const std::string& first, const std::string& sheet) {
    write("a.csv", sheet);
    return good(R"({"jobs": [)" + first + R"({"jobName": "a", "containerProperties":
        {"command": ["x"]}, "arrayProperties": {"parametersFile": "a.csv", "key": "id"}},
      {"jobName": "b", "containerProperties": {"command": ["x"]}, "arrayProperties":
        {"parameterGrid": {"s": ["p", "q"]}}, "dependsOn":
        [{"jobId": "a", "type": "MATCH", "parameters": ["s"]}, {"jobId": "a:y"}]}]})");
  };
  const auto before = made("", "id,s\nx,p\ny,q\n");
  const auto after = made(R"({"jobName": "new", "containerProperties": {"command": ["x"]}}, )",
                          "id,s\nw,q\ny,q\nx,p\n");
  const Adoption adoption = adopt_after(before, after);
  const model::JobSpec& b = adoption.fact.jobs[2].spec;
  EXPECT_EQ(adoption.fact.jobs[1].kept, (Moves{{1, 1, 1}, {0, 2, 1}}));
  EXPECT_EQ(b.depends_on, (std::vector<model::Dependency>{
                              {JobId{10}, model::DependencyType::Match, model::kAllChildren, 0},
                              {JobId{10}, model::DependencyType::All, 1}}));
  EXPECT_EQ(b.matches[0].awaited, (std::vector<std::uint32_t>{1, 1, 0}));
  EXPECT_EQ(b.matches[0].waiting, (std::vector<std::uint32_t>{0, 1}));
}

}  // namespace
}  // namespace mpibatch::plan
