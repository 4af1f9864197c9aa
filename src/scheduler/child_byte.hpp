// A child in one byte: 4 bits of state, 4 bits of failed attempts.
#pragma once

#include <cstdint>

#include <mpibatch/model/job.hpp>
#include <mpibatch/model/state.hpp>

namespace mpibatch::scheduler {

class ChildByte {
 public:
  model::ChildState state() const { return static_cast<model::ChildState>(bits_ & 15U); }
  unsigned attempts_failed() const { return bits_ >> 4U; }
  void set(model::ChildState state) {
    bits_ = static_cast<std::uint8_t>((bits_ & ~15U) | static_cast<unsigned>(state));
  }
  void set_attempts_failed(unsigned count) {
    bits_ = static_cast<std::uint8_t>((bits_ & 15U) | (count << 4U));
  }
  std::uint8_t bits() const { return bits_; }
  static ChildByte from_bits(std::uint8_t bits) {
    ChildByte child;
    child.bits_ = bits;
    return child;
  }

 private:
  std::uint8_t bits_ = 0;
};
static_assert(model::kChildStates <= 16 && model::kAttemptsMax <= 15);

}  // namespace mpibatch::scheduler
