#include "plan/log_fields.hpp"

#include <algorithm>

#include <mpibatch/model/log_files.hpp>
#include <mpibatch/model/plan.hpp>

#include "plan/references.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::string_view kFields[] = {"stdout", "stderr"};

bool differs_between_children(const std::string& text, const model::JobTemplate& job) {
  std::vector<std::string> differing = job.parameter_names;
  differing.insert(differing.end(), {"AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ARRAY_INDEX"});
  const std::vector<std::string> names = model::referenced_parameters(text);
  return std::find_first_of(names.begin(), names.end(), differing.begin(), differing.end()) !=
         names.end();
}

}  // namespace

std::optional<LogFileFields> read_log_files(const JsonValue& value, const Path& path,
                                            const Report& report) {
  if (!read_object(value, path, {kFields, {}, {}}, report)) return std::nullopt;
  LogFileFields fields{{}, path.text()};
  for (const std::string_view name : kFields) {
    const JsonValue* file = value.find(name);
    if (!file) continue;
    const auto text = read_string(*file, path.field(name), report);
    if (!text) continue;
    if (text->empty() || text->ends_with('/'))
      report.add(path.field(name), "must be the path of a file");
    (name == kFields[0] ? fields.files.out : fields.files.error) = *text;
  }
  return fields;
}

void check_log_path(const std::string& text, const std::string& where,
                    const model::JobTemplate& job, const Report& report) {
  std::vector<std::string> names = job.parameter_names;
  for (const auto& parameter : job.parameters) names.push_back(parameter.first);
  for (const auto& variable : model::attempt_variables(job, 0, 1)) names.push_back(variable.first);
  check_text_references(text, where, names, job.name, report);
  if (job.array && job.size > 1 && text != "/dev/null" && !differs_between_children(text, job))
    report.add(where,
               "all children would write to the same file; put "
               "Ref::{AWS_BATCH_JOB_ARRAY_INDEX} into it");
}

void check_log_files(const LogFileFields& fields, const model::JobTemplate& job,
                     const Report& report) {
  const auto& [out, error] = fields.files;
  if (!out.empty()) check_log_path(out, fields.where + ".stdout", job, report);
  if (!error.empty() && error != out) check_log_path(error, fields.where + ".stderr", job, report);
}

}  // namespace mpibatch::plan
