#include <mpibatch/model/feature.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>

namespace mpibatch::model {

namespace {

constexpr std::size_t kDigitsMax = 9;

bool digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), digit);
}

struct Numbers {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::size_t width = 0;  // with leading zeros; 0: written without
  bool holds(std::string_view text) const {
    std::uint32_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (number < first || number > last) return false;
    return width == 0 ? text.size() == 1 || text[0] != '0' : written_in(text);
  }

 private:
  bool written_in(std::string_view text) const {
    return text.size() == width || (text.size() > width && text[0] != '0');
  }
};

struct Piece {
  std::string text;
  std::vector<Numbers> numbers;  // empty: `text` itself
};

template <class T>
using Parsed = tl::expected<T, std::string>;

Parsed<Numbers> parse_numbers(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::string_view first = text.substr(0, dash);
  const std::string_view last = dash == std::string_view::npos ? first : text.substr(dash + 1);
  if (!all_digits(first) || !all_digits(last))
    return tl::unexpected(fmt::format("'{}' is no number and no range of numbers", text));
  if (first.size() > kDigitsMax || last.size() > kDigitsMax)
    return tl::unexpected(fmt::format("'{}' has more than {} digits", text, kDigitsMax));
  Numbers numbers;
  std::from_chars(first.data(), first.data() + first.size(), numbers.first);
  std::from_chars(last.data(), last.data() + last.size(), numbers.last);
  if (first.size() > 1 && first[0] == '0') numbers.width = first.size();
  if (numbers.first > numbers.last)
    return tl::unexpected(fmt::format("the range '{}' runs backwards", text));
  return numbers;
}

Parsed<Piece> parse_brackets(std::string_view inside) {
  Piece piece;
  while (true) {
    const std::size_t comma = inside.find(',');
    auto numbers = parse_numbers(inside.substr(0, comma));
    if (!numbers) return tl::unexpected(numbers.error());
    piece.numbers.push_back(*numbers);
    if (comma == std::string_view::npos) return piece;
    inside.remove_prefix(comma + 1);
  }
}

Parsed<std::vector<Piece>> parse_pattern(std::string_view pattern) {
  if (pattern.empty()) return tl::unexpected(std::string("a host name is empty"));
  std::vector<Piece> pieces;
  while (!pattern.empty()) {
    if (pattern[0] == '[') {
      const std::size_t close = pattern.find(']');
      if (close == std::string_view::npos)
        return tl::unexpected(std::string("'[' has no ']' behind it"));
      auto piece = parse_brackets(pattern.substr(1, close - 1));
      if (!piece) return tl::unexpected(piece.error());
      pieces.push_back(std::move(*piece));
      pattern.remove_prefix(close + 1);
      continue;
    }
    const std::string_view text = pattern.substr(0, pattern.find('['));
    for (const char c : text)
      if (c == ']' || c == ',' || c == ' ' || c == '\t')
        return tl::unexpected(
            fmt::format("'{}' outside of brackets; write one name, as in gpu[1-4,7]", c));
    pieces.push_back({std::string(text), {}});
    pattern.remove_prefix(text.size());
  }
  return pieces;
}

// By the set of places that the pieces so far can end at: a pattern of many brackets has too many
// ways to be tried one by one.
bool matches(const std::vector<Piece>& pieces, std::string_view host) {
  std::vector<bool> ends(host.size() + 1, false);
  ends[0] = true;
  for (const Piece& piece : pieces) {
    std::vector<bool> next(host.size() + 1, false);
    for (std::size_t at = 0; at <= host.size(); ++at) {
      if (!ends[at]) continue;
      if (piece.numbers.empty()) {
        if (host.substr(at, piece.text.size()) == piece.text) next[at + piece.text.size()] = true;
        continue;
      }
      for (std::size_t end = at; end < host.size() && digit(host[end]) && end - at < kDigitsMax;) {
        const std::string_view number = host.substr(at, ++end - at);
        next[end] = next[end] || std::any_of(piece.numbers.begin(), piece.numbers.end(),
                                             [&](const Numbers& n) { return n.holds(number); });
      }
    }
    ends = std::move(next);
  }
  return ends.back();
}

enum class Comparison { AtLeast, AtMost, Equal };

struct Wish {
  std::string_view name;
  Comparison comparison = Comparison::Equal;
  std::string_view number;
};

// None: a plain word.
std::optional<Wish> parse_wish(std::string_view wish) {
  const std::size_t equals = wish.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view name = wish.substr(0, equals);
  const std::string_view number = wish.substr(equals + 1);
  if (!name.empty() && (name.back() == '>' || name.back() == '<')) {
    const auto comparison = name.back() == '>' ? Comparison::AtLeast : Comparison::AtMost;
    return Wish{name.substr(0, name.size() - 1), comparison, number};
  }
  return Wish{name, Comparison::Equal, number};
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool meets(double has, Comparison comparison, double wished) {
  switch (comparison) {
    case Comparison::AtLeast:
      return has >= wished;
    case Comparison::AtMost:
      return has <= wished;
    case Comparison::Equal:
      return has == wished;
  }
  return false;
}

}  // namespace

bool host_matches(const std::string& pattern, const std::string& host) {
  const auto pieces = parse_pattern(pattern);
  if (!pieces) return false;
  if (matches(*pieces, host)) return true;
  const std::size_t dot = host.find('.');
  return dot != std::string::npos && matches(*pieces, std::string_view(host).substr(0, dot));
}

std::string host_pattern_fault(const std::string& pattern) {
  const auto pieces = parse_pattern(pattern);
  return pieces ? std::string() : pieces.error();
}

bool has_feature(const std::vector<std::string>& features, const std::string& wish) {
  if (std::find(features.begin(), features.end(), wish) != features.end()) return true;
  const auto wished = parse_wish(wish);
  const auto number = wished ? parse_number(wished->number) : std::nullopt;
  if (!number) return false;
  return std::any_of(features.begin(), features.end(), [&](std::string_view feature) {
    const std::size_t equals = feature.find('=');
    if (equals == std::string_view::npos || feature.substr(0, equals) != wished->name) return false;
    const auto has = parse_number(feature.substr(equals + 1));
    return has && meets(*has, wished->comparison, *number);
  });
}

bool has_features(const std::vector<std::string>& features,
                  const std::vector<std::string>& wishes) {
  return std::all_of(wishes.begin(), wishes.end(),
                     [&](const std::string& wish) { return has_feature(features, wish); });
}

std::string feature_wish_fault(const std::string& wish) {
  if (wish.empty()) return "a feature is empty";
  for (const char c : wish)
    if (c == ' ' || c == '\t' || c == '\n' || c == ',')
      return fmt::format("'{}' holds blanks or commas; write one feature each", wish);
  const auto wished = parse_wish(wish);
  if (!wished) {
    if (wish.find_first_of("<>") == std::string::npos) return {};
    return fmt::format("'{}' compares with neither '>=', '<=' nor '='", wish);
  }
  if (wished->name.empty()) return fmt::format("'{}' has no name before the comparison", wish);
  if (wished->name.find_first_of("<>") != std::string_view::npos)
    return fmt::format("'{}' compares more than once", wish);
  if (parse_number(wished->number)) return {};
  return fmt::format("'{}' compares with '{}', which is no number; a word is written {}:{}", wish,
                     wished->number, wished->name, wished->number);
}

}  // namespace mpibatch::model
