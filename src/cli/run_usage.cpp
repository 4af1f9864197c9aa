#include "cli/run_usage.hpp"

#include <algorithm>

namespace mpibatch::cli {

Result<RunUsage> RunUsage::read(const FileSystem& files, const RunReading& run,
                                const std::vector<JobView>& jobs) {
  std::vector<std::uint32_t> vcpus(run.core().job_count(), 0);  // 0: not wanted
  for (const JobView& job : jobs) vcpus[model::number_of(job.id)] = job.asked.resources.vcpus;
  RunUsage usage;
  const auto take = [&](const store::Attempt& attempt) {
    const std::uint32_t asked = vcpus[model::number_of(attempt.execution.job)];
    if (asked > 0 && has_usage(attempt)) usage.samples_.push_back(sample_of(attempt, asked));
  };
  if (auto done =
          store::for_each_attempt(files, run.folder, run.view.state, {}, take, usage.problems_);
      !done)
    return tl::unexpected(done.error());
  std::sort(usage.samples_.begin(), usage.samples_.end(),
            [](const UsageSample& a, const UsageSample& b) { return a.job < b.job; });
  return usage;
}

JobUsage RunUsage::of(model::JobId job) const {
  const auto before = [](const UsageSample& sample, model::JobId id) { return sample.job < id; };
  const auto begin = std::lower_bound(samples_.begin(), samples_.end(), job, before);
  const auto after = [](model::JobId id, const UsageSample& sample) { return id < sample.job; };
  return usage_of({begin, std::upper_bound(begin, samples_.end(), job, after)});
}

}  // namespace mpibatch::cli
