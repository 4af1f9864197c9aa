#include "scenario/words.hpp"

#include <cctype>
#include <charconv>

namespace mpibatch::scenario {

namespace {

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    throw ScriptError("'" + std::string(text) + "' is no number");
  return number;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

}  // namespace

Words::Words(const std::string& line) {
  bool quoted = false;
  bool inside = false;
  for (const char c : line) {
    if (!quoted && std::isspace(static_cast<unsigned char>(c)) != 0) {
      inside = false;
      continue;
    }
    if (!inside) words_.emplace_back();
    inside = true;
    if (c == '"') {
      quoted = !quoted;
    } else {
      words_.back().push_back(c);
    }
  }
  if (quoted) throw ScriptError("a quotation mark has no end");
}

const std::string& Words::peek() const {
  static const std::string kNothing;
  return empty() ? kNothing : words_[at_];
}

std::string Words::next() {
  if (empty()) throw ScriptError("the line ends too early");
  return words_[at_++];
}

bool Words::take(const std::string& word) {
  if (empty() || words_[at_] != word) return false;
  ++at_;
  return true;
}

void Words::end() const {
  if (!empty()) throw ScriptError("'" + words_[at_] + "' is not understood here");
}

std::uint64_t Words::number() { return number_in(next()); }

double Words::fraction() {
  const std::string text = next();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    throw ScriptError("'" + text + "' is no number");
  return number;
}

Duration Words::duration() {
  const std::string word = next();
  std::string_view text = word;
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::size_t unit = text.find_first_not_of("0123456789");
  if (unit == std::string_view::npos) throw ScriptError("'" + word + "' has no unit");
  const auto count = static_cast<std::int64_t>(number_in(text.substr(0, unit)));
  text.remove_prefix(unit);
  if (text == "ms") return std::chrono::milliseconds(count);
  if (text == "s") return std::chrono::seconds(count);
  if (text == "m") return std::chrono::minutes(count);
  throw ScriptError("'" + word + "': the unit is ms, s or m");
}

model::Ranges Words::children() {
  std::vector<model::ChildIndex> children;
  for (const std::string& part : split(next(), ',')) {
    const std::vector<std::string> ends = split(part, '-');
    const std::uint64_t first = number_in(ends.front());
    const std::uint64_t last = number_in(ends.back());
    for (std::uint64_t child = first; child <= last; ++child)
      children.push_back(static_cast<model::ChildIndex>(child));
  }
  return model::ranges_of(std::move(children));
}

model::GrantId Words::grant() {
  const std::vector<std::string> parts = split(next(), '.');
  if (parts.size() != 2) throw ScriptError("a grant is written as EPOCH.NUMBER");
  return {model::Epoch{static_cast<std::uint32_t>(number_in(parts[0]))},
          static_cast<std::uint32_t>(number_in(parts[1]))};
}

model::NodeName Words::node() {
  const std::vector<std::string> parts = split(next(), '/');
  const std::uint64_t share = parts.size() > 1 ? number_in(parts[1]) : 0;
  return {parts[0], static_cast<std::uint32_t>(share)};
}

std::vector<std::string> Words::list() { return split(next(), ','); }

bool Words::take_value(const std::string& name, std::string& value) {
  if (!peek().starts_with(name + "=")) return false;
  value = next().substr(name.size() + 1);
  return true;
}

}  // namespace mpibatch::scenario
