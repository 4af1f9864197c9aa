#include <mpibatch/base/layout.hpp>

#include <limits>
#include <random>
#include <tuple>

#include <gtest/gtest.h>

#include "support/hex.hpp"

namespace mpibatch {
namespace {

using testing::to_hex;

enum class Colour : std::uint8_t { Red, Green };
constexpr Colour last_of(Colour) { return Colour::Green; }
enum class Number : std::uint16_t {};

struct Inner {
  std::int32_t number = 0;
  std::string text;
  bool operator==(const Inner&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& number& text;
  }
};

struct Outer {
  bool flag = false;
  Colour colour = Colour::Red;
  Number number{};
  double real = 0;
  Duration duration{0};
  Instant instant{};
  std::vector<Inner> inners;
  std::optional<std::string> maybe;
  std::vector<std::pair<std::string, std::string>> pairs;
  std::variant<Inner, std::uint64_t> either;
  bool operator==(const Outer&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& flag& colour& number& real& duration& instant& inners& maybe& pairs& either;
  }
};

Outer sample() {
  Outer outer;
  outer.flag = true;
  outer.colour = Colour::Green;
  outer.number = Number{513};
  outer.real = -0.5;
  outer.duration = Duration{-1};
  outer.instant = instant_from_us(1'000'000);
  outer.inners = {{std::numeric_limits<std::int32_t>::min(), "a"}, {7, std::string("\0b", 2)}};
  outer.maybe = "m";
  outer.pairs = {{"k", "v"}};
  outer.either = std::uint64_t{0x0102030405060708};
  return outer;
}

template <class T>
T read_or_zero(std::string_view bytes, bool& ok) {
  T value{};
  ok = from_layout(bytes, value);
  return value;
}

TEST(Layout, ReadsBackWhatWasWritten) {
  Outer read;
  EXPECT_TRUE(from_layout(to_layout(sample()), read));
  EXPECT_EQ(read, sample());
  EXPECT_TRUE(from_layout(to_layout(Outer{}), read));
  EXPECT_EQ(read, Outer{});
}

TEST(Layout, IsLittleEndianInTheFieldsOrder) {
  EXPECT_EQ(to_hex(to_layout(sample())),
            "01"                // flag
            "01"                // colour
            "0102"              // number
            "000000000000e0bf"  // real
            "ffffffffffffffff"  // duration
            "40420f0000000000"  // instant
            "02000000"
            "00000080"
            "01000000"
            "61"  // inners: one,
            "07000000"
            "02000000"
            "0062"  // and two
            "01"
            "01000000"
            "6d"  // maybe
            "01000000"
            "01000000"
            "6b"
            "01000000"
            "76"  // pairs
            "01"
            "0807060504030201");  // either
}

TEST(Layout, RefusesEveryShorterAndLongerForm) {
  const std::string bytes = to_layout(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Outer read;
    EXPECT_FALSE(from_layout(bytes.substr(0, size), read)) << size;
  }
  Outer read;
  EXPECT_FALSE(from_layout(bytes + '\0', read));
}

TEST(Layout, RefusesWhatNoWriterWrites) {
  bool ok = true;
  EXPECT_EQ(read_or_zero<bool>("\x02", ok), false);
  EXPECT_FALSE(ok);
  EXPECT_EQ(read_or_zero<Colour>("\x02", ok), Colour::Red);
  EXPECT_FALSE(ok);
  EXPECT_EQ(read_or_zero<std::optional<bool>>(std::string_view("\x02\x01", 2), ok), std::nullopt);
  EXPECT_FALSE(ok);
  using Either = std::variant<std::uint8_t, bool>;
  EXPECT_EQ(read_or_zero<Either>(std::string_view("\x02\x01", 2), ok), Either{std::uint8_t{0}});
  EXPECT_FALSE(ok);
}

TEST(Layout, KeepsAnyValueOfAnEnumerationWithoutALast) {
  bool ok = false;
  EXPECT_EQ(read_or_zero<Number>("\xFF\xFF", ok), Number{65535});
  EXPECT_TRUE(ok);
}

TEST(Layout, RefusesACountBeyondItsBytes) {
  bool ok = true;
  EXPECT_EQ(read_or_zero<std::string>("\xFF\xFF\xFF\xFFx", ok), "");
  EXPECT_FALSE(ok);
  EXPECT_EQ(read_or_zero<std::vector<Inner>>("\xFF\xFF\xFF\xFFxxxxxxxxx", ok),
            std::vector<Inner>{});
  EXPECT_FALSE(ok);
}

TEST(LayoutReader, GivesZerosAfterTheFirstBadField) {
  LayoutReader reader(std::string_view("\x02\x07\x07\x07\x07", 5));
  bool bad = true;
  std::uint16_t number = 99;
  std::string text = "old";
  std::vector<std::uint8_t> list = {1};
  std::optional<bool> maybe = true;
  std::variant<std::uint8_t, bool> either = true;
  reader& bad& number& text& list& maybe& either;
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.at_end());
  EXPECT_EQ(std::tie(bad, number, text), std::make_tuple(false, 0, ""));
  EXPECT_TRUE(list.empty());
  EXPECT_FALSE(maybe.has_value());
  EXPECT_EQ(either.index(), 0U);
}

TEST(LayoutReader, SurvivesRandomBytes) {
  std::mt19937 random(1);
  const std::string good = to_layout(sample());
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    const auto changes = 1 + random() % 8;
    for (unsigned i = 0; i < changes; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 2 == 0) bytes.resize(random() % bytes.size());
    Outer read;
    // What is accepted has one form alone.
    if (from_layout(bytes, read)) {
      EXPECT_EQ(to_layout(read), bytes);
    }
  }
}

}  // namespace
}  // namespace mpibatch
