#include <mpibatch/model/plan.hpp>

#include <gtest/gtest.h>

namespace mpibatch::model {
namespace {

class Samples final : public ParameterTable {
 public:
  ChildIndex rows() const override { return 3; }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(ChildIndex row) const override {
    return {"s" + std::to_string(row), row == 2 ? "0" : "x"};
  }

 private:
  std::vector<std::string> names_{"sample", "kind"};
};

PlannedJob job_with(std::string key_template) {
  PlannedJob job;
  job.spec.array = true;
  job.spec.size = 3;
  job.parameters = std::make_shared<Samples>();
  job.key_template = std::move(key_template);
  return job;
}

TEST(Parameters, AreReplacedInBothForms) {
  const std::vector<std::pair<std::string, std::string>> parameters{{"in", "a.fq"}, {"n", "4"}};
  EXPECT_EQ(substitute_parameters("Ref::in", parameters), "a.fq");
  EXPECT_EQ(substitute_parameters("--in=Ref::in.gz", parameters), "--in=a.fq.gz");
  EXPECT_EQ(substitute_parameters("Ref::{in}_Ref::{n}", parameters), "a.fq_4");
  EXPECT_EQ(substitute_parameters("Ref::in_2", parameters), "Ref::in_2");
  EXPECT_EQ(substitute_parameters("Ref::", parameters), "Ref::");
  EXPECT_EQ(substitute_parameters("Ref::{in", parameters), "Ref::{in");
  EXPECT_EQ(substitute_parameters("Ref::Ref::n", parameters), "Ref::Ref::n");
  EXPECT_EQ(substitute_parameters("", parameters), "");
}

TEST(Parameters, AreNotLookedForInValues) {
  EXPECT_EQ(substitute_parameters("Ref::{a}Ref::{b}", {{"a", "Ref::{b}"}, {"b", "Ref::a"}}),
            "Ref::{b}Ref::a");
}

TEST(Parameters, TheFirstOfANameWins) {
  EXPECT_EQ(substitute_parameters("Ref::a", {{"a", "child"}, {"a", "job"}}), "child");
}

TEST(Parameters, AreListedAsReferenced) {
  EXPECT_EQ(referenced_parameters("Ref::a-b Ref::{c}Ref::{d e} Ref::a-b!"),
            (std::vector<std::string>{"a-b", "c", "a-b"}));
}

TEST(Keys, AreTheIndexWithoutATemplate) {
  EXPECT_EQ(key_of(job_with(""), 2), "2");
  EXPECT_EQ(key_of(PlannedJob{}, 0), "0");
}

TEST(Keys, AreMadeOfValues) {
  EXPECT_EQ(key_of(job_with("Ref::{sample}"), 1), "s1");
  EXPECT_EQ(key_of(job_with("<Ref::{kind}/Ref::{sample}>"), 2), "<0/s2>");
}

TEST(Keys, FindTheirChild) {
  EXPECT_EQ(find_child(job_with("Ref::{sample}"), "s2"), ChildIndex{2});
  EXPECT_EQ(find_child(job_with("Ref::{sample}"), "1"), ChildIndex{1});
  EXPECT_EQ(find_child(job_with("Ref::{kind}"), "0"), ChildIndex{2}) << "keys come before indices";
  EXPECT_EQ(find_child(job_with("Ref::{sample}"), "3"), std::nullopt);
  EXPECT_EQ(find_child(job_with("Ref::{sample}"), "s"), std::nullopt);
  EXPECT_EQ(find_child(job_with(""), "-1"), std::nullopt);
  EXPECT_EQ(find_child(job_with(""), ""), std::nullopt);
}

TEST(Expectation, HasAMean) {
  using Kind = Expectation::Kind;
  EXPECT_EQ((Expectation{}.mean()), Duration{0}) << "unknown";
  EXPECT_EQ((Expectation{Kind::Fixed, 1.5, 0}.mean()), std::chrono::milliseconds(1500));
  EXPECT_EQ((Expectation{Kind::Normal, 3, 2}.mean()), std::chrono::seconds(3));
  EXPECT_EQ((Expectation{Kind::Uniform, 1, 4}.mean()), std::chrono::milliseconds(2500));
  EXPECT_EQ((Expectation{Kind::Exponential, 7, 0}.mean()), std::chrono::seconds(7));
  EXPECT_EQ((Expectation{Kind::Lognormal, 0, 0}.mean()), std::chrono::seconds(1));
  EXPECT_EQ((Expectation{Kind::Lognormal, 0, 2}.mean()), Duration{7'389'056});
  EXPECT_EQ((Expectation{Kind::Normal, 0, 1}.mean()), Duration{1}) << "known, if short";
  EXPECT_EQ((Expectation{Kind::Lognormal, 1e6, 1}.mean()), std::chrono::seconds(1'000'000'000));
}

}  // namespace
}  // namespace mpibatch::model
