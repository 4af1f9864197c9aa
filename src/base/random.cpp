#include <mpibatch/base/random.hpp>

#include <sys/random.h>

#include <cerrno>

#include <mpibatch/base/check.hpp>

namespace mpibatch {

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  ssize_t got = -1;
  // Up to 256 bytes come whole; only the wait for the kernel's first seed can be interrupted.
  do got = ::getrandom(&value, sizeof value, 0);
  while (got < 0 && errno == EINTR);
  MPIBATCH_CHECK(got == static_cast<ssize_t>(sizeof value));
  return value;
}

std::string random_hex(int digits) {
  constexpr int kDigitsEach = 16;
  std::string text;
  std::uint64_t bits = 0;
  for (int i = 0; i < digits; ++i) {
    if (i % kDigitsEach == 0) bits = random_u64();
    text.push_back("0123456789abcdef"[bits & 0xF]);
    bits >>= 4;
  }
  return text;
}

}  // namespace mpibatch
