#include "plan/hash.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15U;

std::uint64_t mix(std::uint64_t hash) {
  hash ^= hash >> 30;
  hash *= 0xBF58476D1CE4E5B9U;
  hash ^= hash >> 27;
  hash *= 0x94D049BB133111EBU;
  return hash ^ (hash >> 31);
}

}  // namespace

std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = mix(seed + kMultiplier * (bytes.size() + 1));
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 8; ++i)
      word |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    hash = (hash ^ mix(word)) * kMultiplier;
    hash ^= hash >> 32;
  }
  std::uint64_t tail = 0;
  for (std::size_t i = 0; at < bytes.size(); ++at, ++i)
    tail |= std::uint64_t{static_cast<unsigned char>(bytes[at])} << (8 * i);
  return mix((hash ^ mix(tail)) * kMultiplier);
}

}  // namespace mpibatch::plan
