#include "plan/sheet.hpp"

#include <gtest/gtest.h>

#include "plan_files.hpp"

namespace mpibatch::plan {
namespace {

class SheetTest : public PlanFiles {
 protected:
  std::string sheet_errors(std::string_view content, const std::string& more = "") {
    write("s.csv", content);
    return job_errors(R"("arrayProperties": {"parametersFile": "s.csv")" + more + "}");
  }
  model::PlannedJob sheet_job(std::string_view content, const std::string& more = "") {
    write("s.csv", content);
    return good_job(R"("containerProperties": {"command": ["echo", "Ref::{id}"]},
                       "arrayProperties": {"parametersFile": "s.csv")" +
                    more + "}");
  }
};

TEST_F(SheetTest, MakesAChildOfEachRow) {
  const auto job = sheet_job("id,n\nx,1\ny,2\n");
  EXPECT_TRUE(job.spec.array);
  ASSERT_EQ(job.spec.size, 2U);
  EXPECT_EQ(job.execution.size, 2U);
  EXPECT_EQ(job.execution.parameter_names, (std::vector<std::string>{"id", "n"}));
  EXPECT_EQ(job.parameters->values(1), (std::vector<std::string>{"y", "2"}));
  EXPECT_EQ(keys(job), (std::vector<std::string>{"0", "1"}));
}

TEST_F(SheetTest, UnderstandsMarkReturnsQuotesAndEmptyLines) {
  const auto job = sheet_job("\xEF\xBB\xBFid,\"n\"\r\n\r\n\"x,\"\"y\r\nz\",1\r\n\n\xC3\xA9,");
  ASSERT_EQ(job.spec.size, 2U);
  EXPECT_EQ(job.parameters->values(0), (std::vector<std::string>{"x,\"y\r\nz", "1"}));
  EXPECT_EQ(job.parameters->values(1), (std::vector<std::string>{"\xC3\xA9", ""}));
}

TEST_F(SheetTest, GivesChildrenKeys) {
  EXPECT_EQ(keys(sheet_job("id,n\nx,1\ny,1\n", R"(, "key": "id")")),
            (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(keys(sheet_job("id,n\nx,1\nx,2\n", R"(, "key": "Ref::{id}/Ref::n")")),
            (std::vector<std::string>{"x/1", "x/2"}));
}

TEST_F(SheetTest, NamesAllRaggedLinesAtOnce) {
  EXPECT_EQ(sheet_errors("a,b\n1,2\n3\n\n4,5,6\n\"7\n8\",9\n10\n"),
            "s.csv: line 3: has 1 value, the header 2\n"
            "s.csv: line 5: has 3 values, the header 2\n"
            "s.csv: line 8: has 1 value, the header 2\n");
}

TEST_F(SheetTest, RefusesBadHeaders) {
  EXPECT_EQ(sheet_errors("id,n,id,LD_PRELOAD,a b,\nx,1,2,3,4,5\n"),
            "s.csv: line 1: columns 1 and 3 have the same name 'id'\n"
            "s.csv: line 1: column 4: the name 'LD_PRELOAD' is reserved: names that begin with LD_ "
            "cannot be set\n"
            "s.csv: line 1: column 5: the name 'a b' must be of letters, digits, '-' and '_'\n"
            "s.csv: line 1: column 6: the name must not be empty\n");
  EXPECT_NE(sheet_errors("PATH\nx\n").find("'PATH' is reserved"), std::string::npos);
  EXPECT_NE(sheet_errors("AWS_BATCH_X\nx\n").find("is reserved"), std::string::npos);
  EXPECT_NE(sheet_errors("MPIBATCH_X\nx\n").find("is reserved"), std::string::npos);
}

TEST_F(SheetTest, RefusesWhatIsNoSheet) {
  EXPECT_EQ(sheet_errors(""),
            "s.csv: is empty: its first line must hold the names of the parameters\n");
  EXPECT_EQ(sheet_errors("a,b\n\n"), "s.csv: has no rows below its header\n");
  EXPECT_EQ(sheet_errors("a\tb\n1\t2\n"),
            "s.csv: line 1: the values are separated by tabs: call the file .tsv\n");
  EXPECT_EQ(sheet_errors("a\nb\n\xFFx\n"),
            "s.csv: line 3: is not UTF-8: save the sheet with that encoding\n");
  EXPECT_EQ(sheet_errors(std::string_view("a\nb\0\n", 5)),
            "s.csv: line 2: holds a NUL byte: this is no CSV text\n");
  EXPECT_EQ(sheet_errors("a,b\n1,\"2\n"), "s.csv: line 2: a quote is opened and never closed\n");
  EXPECT_EQ(sheet_errors("\"a\n1\n"), "s.csv: line 1: a quote is opened and never closed\n");
  EXPECT_NE(job_errors(R"("arrayProperties": {"parametersFile": "none.csv"})").find("none.csv"),
            std::string::npos);
}

TEST_F(SheetTest, NamesBothRowsOfADuplicateKey) {
  EXPECT_EQ(sheet_errors("id\nx\ny\n\nx\ny\ny\n", R"(, "key": "id")"),
            "plan.json: jobs[0].arrayProperties.key: the key 'x' stands twice: lines 2 and 5 of "
            "s.csv; each child needs a key of its own\n"
            "plan.json: jobs[0].arrayProperties.key: the key 'y' stands 3 times, first in lines 3 "
            "and 6 of s.csv; each child needs a key of its own\n");
}

TEST_F(SheetTest, RefusesKeysThatNobodyCanName) {
  EXPECT_EQ(sheet_errors("id,n\nx,1\n,2\n", R"(, "key": "id")"),
            "plan.json: jobs[0].arrayProperties.key: the key is empty: line 3 of s.csv\n");
  EXPECT_EQ(sheet_errors("id,n\nx,1\n", R"(, "key": "ids")"),
            "plan.json: jobs[0].arrayProperties.key: 'ids' is no parameter of this array; did you "
            "mean 'id'?; known: id, n\n");
  EXPECT_NE(sheet_errors("id,n\nx,1\n", R"(, "key": "Ref::{m}")").find("Ref::{m} is no parameter"),
            std::string::npos);
}

TEST_F(SheetTest, KeepsTheErrorListShort) {
  std::string content = "a,b\n";
  for (int i = 0; i < 5000; ++i) content += "1\n";
  const auto text = sheet_errors(content);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 101);
  EXPECT_NE(text.find("s.csv: and 4900 more errors"), std::string::npos);
}

TEST_F(SheetTest, HoldsManyRows) {
  std::string content = "id,path\n";
  for (int i = 0; i < 50'000; ++i)
    content += "s" + std::to_string(i) + ",/data/" + std::to_string(i) + ".fq\n";
  const auto job = sheet_job(content, R"(, "key": "id")");
  ASSERT_EQ(job.spec.size, 50'000U);
  EXPECT_EQ(job.parameters->values(49'999)[1], "/data/49999.fq");
  EXPECT_EQ(model::find_child(job, "s31415"), 31'415U);
}

}  // namespace
}  // namespace mpibatch::plan
