// Boost.Serialization of standard types that it does not know (chrono, variant, optional) or reads
// without bounds (vector), and of all message types as plain values: no class versions, no
// tracking.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/serialization/level.hpp>
#include <boost/serialization/tracking.hpp>

#include "protocol/archives.hpp"

namespace mpibatch::protocol {

// What may go as a plain value: structs with a serialize of their own, and the types below.
template <class T>
inline constexpr bool kPlain = requires(T value, InputArchive& archive) {
  value.serialize(archive, 0U);
};
template <class T>
inline constexpr bool kPlain<std::vector<T>> = true;
template <class A, class B>
inline constexpr bool kPlain<std::pair<A, B>> = true;
template <class T>
inline constexpr bool kPlain<std::optional<T>> = true;
template <class... T>
inline constexpr bool kPlain<std::variant<T...>> = true;
template <class Rep, class Period>
inline constexpr bool kPlain<std::chrono::duration<Rep, Period>> = true;
template <class Clock, class Duration>
inline constexpr bool kPlain<std::chrono::time_point<Clock, Duration>> = true;

}  // namespace mpibatch::protocol

namespace boost::serialization {

template <class T>
requires mpibatch::protocol::kPlain<T>
struct implementation_level_impl<const T> {
  using tag = mpl::integral_c_tag;
  using type = mpl::int_<object_serializable>;
  static constexpr int value = type::value;
};

template <class T>
requires mpibatch::protocol::kPlain<T>
struct tracking_level<T> {
  using tag = mpl::integral_c_tag;
  using type = mpl::int_<track_never>;
  static constexpr int value = type::value;
};

template <class Archive, class T>
void serialize(Archive& archive, std::vector<T>& values, unsigned) {
  auto count = static_cast<std::uint32_t>(values.size());
  archive& count;
  if constexpr (Archive::is_loading::value) {
    archive.expect(count);
    values.clear();
    for (std::uint32_t i = 0; i < count; ++i) archive& values.emplace_back();
  } else {
    for (T& value : values) archive& value;
  }
}

template <class Archive, class A, class B>
void serialize(Archive& archive, std::pair<A, B>& value, unsigned) {
  archive& value.first& value.second;
}

template <class Archive, class T>
void serialize(Archive& archive, std::optional<T>& value, unsigned) {
  bool present = value.has_value();
  archive& present;
  if constexpr (Archive::is_loading::value) {
    value.reset();
    if (present) value.emplace();
  }
  if (value) archive&* value;
}

template <class Archive, class... T>
void serialize(Archive& archive, std::variant<T...>& value, unsigned) {
  auto index = static_cast<std::uint8_t>(value.index());
  archive& index;
  if constexpr (Archive::is_loading::value) {
    if (index >= sizeof...(T)) archive.refuse();
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((I == index ? void(value.template emplace<I>()) : void()), ...);
    }
    (std::index_sequence_for<T...>{});
  }
  std::visit([&](auto& alternative) { archive& alternative; }, value);
}

template <class Archive, class Rep, class Period>
void serialize(Archive& archive, std::chrono::duration<Rep, Period>& value, unsigned) {
  auto ticks = static_cast<std::int64_t>(value.count());
  archive& ticks;
  value = std::chrono::duration<Rep, Period>{ticks};
}

template <class Archive, class Clock, class Duration>
void serialize(Archive& archive, std::chrono::time_point<Clock, Duration>& value, unsigned) {
  Duration since = value.time_since_epoch();
  archive& since;
  value = std::chrono::time_point<Clock, Duration>{since};
}

}  // namespace boost::serialization
