// jobQueues, and the default queue that is there without being written down.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/environments.hpp"
#include "plan/field.hpp"
#include "plan/policies.hpp"

namespace mpibatch::plan {

inline constexpr std::string_view kDefaultQueue = "default";

class Queues {
 public:
  Queues(const Environments& environments, const Policies& policies)
      : environments_(environments), policies_(policies) {}

  void read(const JsonValue& value, const Path& path, const Report& report);

  std::uint32_t default_queue();  // adds it if the plan has none of that name
  // By name; none, and reported, if there is no such queue.
  std::optional<std::uint32_t> find(const std::string& name, const Path& path,
                                    const Report& report);
  bool enabled(std::uint32_t queue) const { return queue >= disabled_.size() || !disabled_[queue]; }

  const std::vector<model::Queue>& all() const { return queues_; }

 private:
  void read_one(const JsonValue& value, const Path& path, const Report& report);
  void read_environments(const JsonValue& value, const Path& path, model::Queue& queue,
                         const Report& report) const;

  const Environments& environments_;
  const Policies& policies_;
  std::vector<model::Queue> queues_;
  std::vector<bool> disabled_;  // of those that were read
};

}  // namespace mpibatch::plan
