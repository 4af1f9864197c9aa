#include "cli/job_reference.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <mpibatch/plan/known_names.hpp>

#include "cli/output.hpp"

namespace mpibatch::cli {

namespace {

constexpr model::ChildIndex kNamedChildrenMax = 10'000;  // among which a near key is looked for

Error unknown_job(const model::Plan& plan, const std::string& name) {
  std::vector<std::string> known;
  for (const model::PlannedJob& job : plan.jobs) known.push_back(job.spec.name);
  return {ErrorKind::NotFound,
          fmt::format("job '{}' is unknown{}", name, plan::known_names(name, known))};
}

Error unknown_child(const model::PlannedJob& job, const std::string& child) {
  const model::ChildIndex size = job.spec.size;
  std::string message = fmt::format("job '{}' has no child '{}'; its indices are 0 to {}",
                                    job.spec.name, printable(child), size - 1);
  const model::KeyWriter keys(job);
  if (keys.key(0) == "0") return {ErrorKind::NotFound, std::move(message)};
  if (size > kNamedChildrenMax) {
    message += fmt::format(", its keys '{}' to '{}'", printable(keys.key(0)),
                           printable(keys.key(size - 1)));
  } else {
    std::vector<std::string> known;
    for (model::ChildIndex i = 0; i < size; ++i) known.push_back(printable(keys.key(i)));
    message += plan::known_names(child, known);
  }
  return {ErrorKind::NotFound, std::move(message)};
}

}  // namespace

Result<JobReference> parse_job_reference(const std::string& text) {
  const std::size_t colon = text.find(':');
  JobReference reference{text.substr(0, colon), std::nullopt};
  if (colon != std::string::npos) reference.child = text.substr(colon + 1);
  if (reference.job.empty() || (reference.child && reference.child->empty()))
    return fail(ErrorKind::Usage,
                fmt::format("'{}' names no job; write JOB, JOB:INDEX or JOB:KEY", text));
  return reference;
}

Result<JobPlace> find_job(const model::Plan& plan, const JobReference& reference) {
  const auto job = std::find_if(plan.jobs.begin(), plan.jobs.end(), [&](const auto& planned) {
    return planned.spec.name == reference.job;
  });
  if (job == plan.jobs.end()) return tl::unexpected(unknown_job(plan, reference.job));
  JobPlace place{static_cast<std::size_t>(job - plan.jobs.begin()), std::nullopt};
  if (!reference.child) return place;
  if (!job->spec.array)
    return fail(ErrorKind::NotFound, fmt::format("job '{0}' is no array: write {0}, not {0}:{1}",
                                                 reference.job, *reference.child));
  place.child = model::find_child(*job, *reference.child);
  if (!place.child) return tl::unexpected(unknown_child(*job, *reference.child));
  return place;
}

Result<JobPlace> find_job(const model::Plan& plan, const std::string& text) {
  const auto reference = parse_job_reference(text);
  if (!reference) return tl::unexpected(reference.error());
  return find_job(plan, *reference);
}

}  // namespace mpibatch::cli
