// Explicit little-endian layouts for files: a struct lists its fields once in `serialize`, and the
// field order is the layout. Fixed-width integers as they are, enums as their underlying type, bool
// as one byte (0 or 1), durations and instants as int64 microseconds, strings and vectors as a u32
// count and their elements, variants as a u8 index and the value, optionals as a bool and the
// value.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/time.hpp>

namespace mpibatch {

// An enumeration that names its last value, with a function `last_of` beside it: what is read
// beyond that is refused. Of others (ids) every value is fine.
template <class T>
concept BoundedEnum = std::is_enum_v<T> && requires(T value) {
  { last_of(value) } -> std::same_as<T>;
};

class LayoutWriter {
 public:
  template <class T>
  LayoutWriter& operator&(const T& value) {
    put(value);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  template <std::integral T>
  void put(T value) {
    auto bits = static_cast<
        std::make_unsigned_t<std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>>>(value);
    std::array<char, sizeof(T)> raw{};
    for (std::size_t i = 0; i < sizeof(T); ++i) raw[i] = static_cast<char>(bits >> (8 * i));
    bytes_.append(raw.data(), raw.size());
  }
  template <class T>
  requires std::is_enum_v<T>
  void put(T value) { put(static_cast<std::underlying_type_t<T>>(value)); }
  void put(double value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    put(bits);
  }
  void put(Duration value) { put(static_cast<std::int64_t>(value.count())); }
  void put(Instant value) { put(to_us(value)); }
  void put(const std::string& value) {
    put_count(value.size());
    bytes_ += value;
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put_count(values.size());
    for (const T& value : values) put(value);
  }
  template <class A, class B>
  void put(const std::pair<A, B>& value) {
    put(value.first);
    put(value.second);
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class... T>
  void put(const std::variant<T...>& value) {
    static_assert(sizeof...(T) <= 256);
    put(static_cast<std::uint8_t>(value.index()));
    std::visit([this](const auto& alternative) { put(alternative); }, value);
  }
  template <class T>
  requires std::is_class_v<T>
  void put(const T& value) { const_cast<T&>(value).serialize(*this, 0U); }
  void put_count(std::size_t count) {
    MPIBATCH_CHECK(count <= UINT32_MAX);
    put(static_cast<std::uint32_t>(count));
  }

  std::string bytes_;
};

// Reads what LayoutWriter wrote. Bad bytes never crash, nor allocate more than a small multiple of
// themselves: the first short or impossible field makes ok() false, and everything read from then
// on is zero or empty. What ok() does not say, and who reads must check where it matters: that
// ranges are well formed, that ids and indices exist, that times can be added without overflow.
class LayoutReader {
 public:
  explicit LayoutReader(std::string_view bytes) : left_(bytes) {}
  template <class T>
  LayoutReader& operator&(T& value) {
    get(value);
    return *this;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && left_.empty(); }

 private:
  template <std::integral T>
  void get(T& value) {
    value = T{};
    if (!need(sizeof(T))) return;
    std::uint64_t bits = 0;
    if constexpr (std::endian::native == std::endian::little)
      std::memcpy(&bits, left_.data(), sizeof(T));
    else
      for (std::size_t i = 0; i < sizeof(T); ++i)
        bits |= std::uint64_t{static_cast<std::uint8_t>(left_[i])} << (8 * i);
    left_.remove_prefix(sizeof(T));
    if (std::is_same_v<T, bool> && bits > 1) return refuse();
    value = static_cast<T>(bits);
  }
  template <class T>
  requires std::is_enum_v<T>
  void get(T& value) {
    std::underlying_type_t<T> bits{};
    get(bits);
    value = static_cast<T>(bits);
    if constexpr (BoundedEnum<T>) {
      if (value <= last_of(value)) return;
      value = T{};
      refuse();
    }
  }
  void get(double& value) {
    std::uint64_t bits = 0;
    get(bits);
    std::memcpy(&value, &bits, sizeof value);
  }
  void get(Duration& value) {
    std::int64_t us = 0;
    get(us);
    value = Duration{us};
  }
  void get(Instant& value) {
    std::int64_t us = 0;
    get(us);
    value = instant_from_us(us);
  }
  void get(std::string& value) {
    std::uint32_t size = 0;
    get(size);
    value.clear();
    if (!need(size)) return;
    value.assign(left_.substr(0, size));
    left_.remove_prefix(size);
  }
  template <class T>
  void get(std::vector<T>& values) {
    std::uint32_t size = 0;
    get(size);
    values.clear();
    // Every element takes a byte at least; and it is made only when its turn comes, for one in
    // memory can be a hundred times as big.
    if (!need(size)) return;
    values.reserve(std::min<std::size_t>(size, 4 * left_.size() / sizeof(T)));
    for (std::uint32_t i = 0; i < size && ok_; ++i) get(values.emplace_back());
    if (!ok_) values.clear();
  }
  template <class A, class B>
  void get(std::pair<A, B>& value) {
    get(value.first);
    get(value.second);
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool present = false;
    get(present);
    value.reset();
    if (present) get(value.emplace());
  }
  template <class... T>
  void get(std::variant<T...>& value) {
    std::uint8_t index = 0;
    get(index);
    if (index >= sizeof...(T)) refuse();
    if (!ok_) index = 0;
    emplace(value, index, std::index_sequence_for<T...>{});
  }
  template <class Variant, std::size_t... I>
  void emplace(Variant& value, std::size_t index, std::index_sequence<I...>) {
    (void)((I == index ? (get(value.template emplace<I>()), true) : false) || ...);
  }
  template <class T>
  requires std::is_class_v<T>
  void get(T& value) { value.serialize(*this, 0U); }
  bool need(std::size_t size) {
    if (left_.size() < size) refuse();
    return ok_;
  }
  void refuse() {
    ok_ = false;
    left_ = {};
  }

  std::string_view left_;
  bool ok_ = true;
};

template <class T>
std::string to_layout(const T& value) {
  LayoutWriter writer;
  writer& value;
  return writer.take();
}

// False where the bytes are too short, too long or name an alternative that does not exist.
template <class T>
bool from_layout(std::string_view bytes, T& value) {
  LayoutReader reader(bytes);
  reader& value;
  return reader.at_end();
}

}  // namespace mpibatch
