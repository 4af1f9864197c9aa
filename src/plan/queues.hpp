// jobQueues, and the default queue that is there without being written down.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

inline constexpr std::string_view kDefaultQueue = "default";

class Queues {
 public:
  void read(const JsonValue& value, const Path& path, const Report& report);

  std::uint32_t default_queue();  // adds it if the plan has none of that name
  // By name; none, and reported, if there is no such queue.
  std::optional<std::uint32_t> find(const std::string& name, const Path& path,
                                    const Report& report);

  const std::vector<model::Queue>& all() const { return queues_; }

 private:
  void read_one(const JsonValue& value, const Path& path, const Report& report);

  std::vector<model::Queue> queues_;
};

}  // namespace mpibatch::plan
