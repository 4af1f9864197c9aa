#include <mpibatch/model/ids.hpp>

#include <fmt/format.h>

namespace mpibatch::model {

std::string to_string(GrantId id) { return fmt::format("{}.{}", number_of(id.epoch), id.number); }

std::string to_string(ExecutionId id) {
  return fmt::format("{}:{}@{}", number_of(id.job), id.child, to_string(id.grant));
}

std::string to_string(InstanceId id) { return fmt::format("{:016x}", id.value); }

}  // namespace mpibatch::model
