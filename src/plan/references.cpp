#include "plan/references.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include <mpibatch/model/plan.hpp>

#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

// The longest parameter that an unknown name begins with: `Ref::sample_sorted` was meant to be
// `Ref::{sample}_sorted`.
std::string known_beginning(const std::string& name, const std::vector<std::string>& parameters) {
  std::string best;
  for (const std::string& parameter : parameters)
    if (parameter.size() > best.size() && parameter.size() < name.size() &&
        name.starts_with(parameter))
      best = parameter;
  return best;
}

// A `Ref::{` that no name and `}` follow.
bool has_broken_reference(const std::string& word) {
  constexpr std::string_view kOpening = "Ref::{";
  for (std::size_t at = word.find(kOpening); at != std::string::npos;
       at = word.find(kOpening, at + 1)) {
    std::size_t end = at + kOpening.size();
    while (end < word.size() && in_name(word[end])) ++end;
    if (end == at + kOpening.size() || end == word.size() || word[end] != '}') return true;
  }
  return false;
}

// A name that no parameter has.
void report_unknown(const std::string& name, const std::string& where,
                    const std::vector<std::string>& parameters, const std::string& of_job,
                    const Report& report) {
  std::string message = "Ref::{" + name + "} has no value" + of_job;
  if (report.errors().size() <= Errors::kErrorsPerFileMax) {
    const std::string beginning = known_beginning(name, parameters);
    if (!beginning.empty())
      message += "; write 'Ref::{" + beginning + "}" + name.substr(beginning.size()) + "' where '" +
                 beginning + "' is meant";
    message +=
        parameters.empty() ? "; there are no parameters" : "; parameters: " + join_some(parameters);
  }
  report.add(where, std::move(message));
}

std::string suffix_of(const std::string& job) { return job.empty() ? "" : " (job '" + job + "')"; }

constexpr const char* kBroken = "'Ref::{' must be followed by a parameter's name and '}'";

}  // namespace

void check_references(const CommandField& command, const std::vector<std::string>& parameters,
                      const std::string& job, const Report& report) {
  const std::unordered_set<std::string_view> known(parameters.begin(), parameters.end());
  const std::string of_job = suffix_of(job);
  for (std::size_t i = 0; i < command.words.size(); ++i) {
    const std::string& word = command.words[i];
    const std::string where =
        command.script ? command.where : command.where + "[" + std::to_string(i) + "]";
    if (!command.script && has_broken_reference(word)) report.add(where, kBroken + of_job);
    for (const std::string& name : model::referenced_parameters(word)) {
      if (command.script)
        report.add(where, "Ref::{" + name +
                              "} in a script would be read by bash as code: write "
                              "\"$" +
                              name + "\", scripts have all parameters as variables" + of_job);
      else if (!known.contains(name))
        report_unknown(name, where, parameters, of_job, report);
    }
  }
}

void check_text_references(const std::string& text, const std::string& where,
                           const std::vector<std::string>& parameters, const std::string& job,
                           const Report& report) {
  const std::string of_job = suffix_of(job);
  if (has_broken_reference(text)) report.add(where, kBroken + of_job);
  for (const std::string& name : model::referenced_parameters(text))
    if (std::find(parameters.begin(), parameters.end(), name) == parameters.end())
      report_unknown(name, where, parameters, of_job, report);
}

}  // namespace mpibatch::plan
