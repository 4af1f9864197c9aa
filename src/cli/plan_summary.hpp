// What a plan would run, for `validate`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <mpibatch/model/plan.hpp>
#include <mpibatch/plan/load.hpp>

namespace mpibatch::cli {

// A child's own parameters and what is the same for all of its job.
std::vector<std::pair<std::string, std::string>> parameters_of(const model::PlannedJob& job,
                                                               model::ChildIndex child);
// Its argument list, with its parameters put in.
std::vector<std::string> command_words(const model::PlannedJob& job, model::ChildIndex child);
// As a shell would take it, with the child's parameters put in; a task list's line as it is.
std::string command_text(const model::PlannedJob& job, model::ChildIndex child);

std::string plan_text(const std::string& source, const model::Plan& plan);
std::string plan_json(const std::string& source, const model::Plan& plan);
std::string plan_errors_json(const std::string& source, const std::vector<plan::PlanError>& errors);

}  // namespace mpibatch::cli
