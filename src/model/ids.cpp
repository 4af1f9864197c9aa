#include <mpibatch/model/ids.hpp>

#include <fmt/compile.h>

namespace mpibatch::model {

std::string to_string(GrantId id) { return fmt::format("{}.{}", number_of(id.epoch), id.number); }

// Each attempt's token has it: formatted without looking at the text again.
std::string to_string(ExecutionId id) {
  return fmt::format(FMT_COMPILE("{}:{}@{}.{}"), number_of(id.job), id.child,
                     number_of(id.grant.epoch), id.grant.number);
}

std::string to_string(InstanceId id) { return fmt::format("{:016x}", id.value); }

}  // namespace mpibatch::model
