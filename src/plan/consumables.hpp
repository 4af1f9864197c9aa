// consumableResources, and what jobs take of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

class Consumables {
 public:
  void read(const JsonValue& value, const Path& path, const Report& report);
  // A job's or a definition's consumableResourceProperties.
  std::vector<model::ConsumableUse> read_uses(const JsonValue& value, const Path& path,
                                              const Report& report) const;
  const std::vector<model::Consumable>& all() const { return consumables_; }

 private:
  void read_one(const JsonValue& value, const Path& path, const Report& report);
  std::optional<std::uint32_t> find(const std::string& name, const Path& path,
                                    const Report& report) const;
  std::optional<model::ConsumableUse> read_use(const JsonValue& value, const Path& path,
                                               const Report& report) const;

  std::vector<model::Consumable> consumables_;
};

}  // namespace mpibatch::plan
