#include "cli/job_reference.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mpibatch::cli {
namespace {

class Samples final : public model::ParameterTable {
 public:
  explicit Samples(std::vector<std::string> samples) : samples_(std::move(samples)) {}
  model::ChildIndex rows() const override {
    return static_cast<model::ChildIndex>(samples_.size());
  }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(model::ChildIndex row) const override { return {samples_[row]}; }

 private:
  std::vector<std::string> names_{"sample"};
  std::vector<std::string> samples_;
};

model::PlannedJob job(const std::string& name, model::ChildIndex children = 0) {
  model::PlannedJob planned;
  planned.spec.name = name;
  planned.spec.array = children > 0;
  planned.spec.size = children > 0 ? children : 1;
  return planned;
}

model::PlannedJob keyed(const std::string& name, std::vector<std::string> samples) {
  model::PlannedJob planned = job(name, static_cast<model::ChildIndex>(samples.size()));
  planned.parameters = std::make_shared<Samples>(std::move(samples));
  planned.key_template = "Ref::{sample}";
  return planned;
}

model::Plan plan() {
  model::Plan made;
  made.rules.queues.push_back({"default", 1});
  made.jobs.push_back(job("index"));
  made.jobs.push_back(job("sort", 16));
  made.jobs.push_back(keyed("align", {"NA017", "2", "NA019", "run:7"}));
  return made;
}

std::string message_of(const std::string& text) {
  const auto found = find_job(plan(), text);
  return found ? "found" : found.error().message;
}

TEST(JobReference, IsAJobOrAChildOfOne) {
  EXPECT_EQ(parse_job_reference("align").value(), (JobReference{"align", std::nullopt}));
  EXPECT_EQ(parse_job_reference("align:16").value(), (JobReference{"align", "16"}));
  EXPECT_EQ(parse_job_reference("align:a:b").value(), (JobReference{"align", "a:b"}));
}

TEST(JobReference, RefusesHalves) {
  for (const char* text : {"", ":", ":3", "align:"}) {
    const auto reference = parse_job_reference(text);
    ASSERT_FALSE(reference) << text;
    EXPECT_EQ(reference.error().kind, ErrorKind::Usage);
  }
}

TEST(JobReference, FindsJobsAndChildren) {
  EXPECT_EQ(find_job(plan(), "index").value(), (JobPlace{0, std::nullopt}));
  EXPECT_EQ(find_job(plan(), "sort:15").value(), (JobPlace{1, 15}));
  EXPECT_EQ(find_job(plan(), "align:NA019").value(), (JobPlace{2, 2}));
  EXPECT_EQ(find_job(plan(), "align:run:7").value(), (JobPlace{2, 3}));
}

TEST(JobReference, AKeyWinsOverAnIndex) {
  EXPECT_EQ(find_job(plan(), "align:2").value(), (JobPlace{2, 1}));
  EXPECT_EQ(find_job(plan(), "align:3").value(), (JobPlace{2, 3}));
}

TEST(JobReference, UnknownNamesComeWithTheNearest) {
  EXPECT_EQ(message_of("algn"),
            "job 'algn' is unknown; did you mean 'align'?; known: index, sort, align");
  EXPECT_EQ(message_of("sort:16"), "job 'sort' has no child '16'; its indices are 0 to 15");
  EXPECT_EQ(
      message_of("align:NA018"),
      "job 'align' has no child 'NA018'; its indices are 0 to 3; did you mean 'NA017'?; known: "
      "NA017, 2, NA019, run:7");
  EXPECT_EQ(message_of("index:0"), "job 'index' is no array: write index, not index:0");
}

}  // namespace
}  // namespace mpibatch::cli
