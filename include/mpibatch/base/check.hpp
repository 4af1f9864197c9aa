// A programmer's error ends the process with a message, in release builds too. Never for bad input.
#pragma once

namespace mpibatch {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace mpibatch

#define MPIBATCH_CHECK(condition) \
  ((condition) ? void(0) : ::mpibatch::check_failed(#condition, __FILE__, __LINE__))
