#include <mpibatch/model/log_files.hpp>

#include <mpibatch/model/plan.hpp>

namespace mpibatch::model {

Environment attempt_variables(const JobTemplate& job, ChildIndex child, unsigned attempt) {
  const std::string index = std::to_string(child);
  Environment variables{{"AWS_BATCH_JOB_ID", job.array ? job.name + ":" + index : job.name},
                        {"AWS_BATCH_JOB_ATTEMPT", std::to_string(attempt)},
                        {"MPIBATCH_JOB_NAME", job.name}};
  if (job.array) variables.emplace_back("AWS_BATCH_JOB_ARRAY_INDEX", index);
  return variables;
}

LogFiles log_files_of(const JobTemplate& job,
                      const std::vector<std::pair<std::string, std::string>>& parameters,
                      const LogFilesOf& of) {
  auto values = attempt_variables(job, of.child, of.attempt);
  values.insert(values.end(), parameters.begin(), parameters.end());
  const auto file = [&](const std::string& text) {
    if (text.empty()) return text;
    const std::string path = substitute_parameters(text, values);
    return path.starts_with('/') ? path : of.folder + "/" + path;
  };
  return {file(job.log_files.out), file(job.log_files.error)};
}

}  // namespace mpibatch::model
