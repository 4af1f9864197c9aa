#include "plan/names.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace mpibatch::plan {

namespace {

constexpr std::size_t kNameMax = 128;

bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Insertions, deletions, changes and swaps of neighbours that make one word of the other. Both have
// at most kNameMax characters.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, kNameMax + 1>, 3> rows;
  auto* before_last = &rows[0];
  auto* last = &rows[1];
  auto* row = &rows[2];
  for (std::size_t j = 0; j <= b.size(); ++j) (*last)[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    (*row)[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      (*row)[j] = std::min({(*last)[j] + 1, (*row)[j - 1] + 1, (*last)[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1]))
        (*row)[j] = std::min((*row)[j], (*before_last)[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return (*last)[b.size()];
}

}  // namespace

bool in_name(char c) { return alphanumeric(c) || c == '-' || c == '_'; }

std::optional<std::string> resource_name_fault(std::string_view name) {
  if (name.empty()) return "must not be empty";
  if (name.size() > kNameMax) return "is longer than " + std::to_string(kNameMax) + " characters";
  if (!std::all_of(name.begin(), name.end(), in_name))
    return "'" + std::string(name) + "' must be of letters, digits, '-' and '_'";
  return std::nullopt;
}

std::optional<std::string> job_name_fault(std::string_view name) {
  if (auto fault = resource_name_fault(name)) return fault;
  if (!alphanumeric(name.front()))
    return "'" + std::string(name) + "' must begin with a letter or a digit";
  return std::nullopt;
}

std::optional<std::string> parameter_name_fault(std::string_view name) {
  return resource_name_fault(name);
}

std::optional<std::string> environment_name_fault(std::string_view name) {
  if (name.empty()) return "must not be empty";
  if (name.find_first_of(std::string_view("=\0", 2)) != std::string_view::npos)
    return "'" + std::string(name) + "' must hold neither '=' nor NUL";
  for (const std::string_view prefix : {"AWS_BATCH", "MPIBATCH", "LD_"})
    if (name.starts_with(prefix))
      return "'" + std::string(name) + "' is reserved: names that begin with " +
             std::string(prefix) + " cannot be set";
  if (name == "PATH")
    return "'PATH' is reserved: attempts have the PATH that `run` was started with";
  return std::nullopt;
}

std::optional<std::string> column_name_fault(std::string_view name) {
  if (auto fault = parameter_name_fault(name)) return fault;
  return environment_name_fault(name);
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  if (name.size() > kNameMax) return best;
  for (const std::string_view candidate : known) {
    // As far apart as their lengths, at the least.
    const std::size_t apart =
        std::max(name.size(), candidate.size()) - std::min(name.size(), candidate.size());
    if (candidate.size() > kNameMax || apart >= best_distance) continue;
    const std::size_t between = distance(name, candidate);
    if (between < best_distance && between < candidate.size()) {
      best = candidate;
      best_distance = between;
    }
  }
  return best;
}

std::string join(std::span<const std::string_view> words, std::string_view separator) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::string join_some(const std::vector<std::string>& words, std::size_t most) {
  if (words.size() <= most) return join(words);
  return join({words.begin(), words.begin() + static_cast<std::ptrdiff_t>(most)}) + ", … (" +
         std::to_string(words.size()) + " in all)";
}

std::string known_names(std::string_view name, const std::vector<std::string>& known) {
  if (known.empty()) return "; there are none";
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view near = nearest(name, views);
  std::string text = near.empty() ? "" : "; did you mean '" + std::string(near) + "'?";
  return text + "; known: " + join_some(known);
}

std::optional<std::size_t> utf8_fault(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t size = text.size();
  std::size_t at = 0;
  while (at < size) {
    std::uint64_t word = 0;
    while (at + sizeof word <= size) {
      std::memcpy(&word, bytes + at, sizeof word);
      if (word & 0x8080808080808080U) break;
      at += sizeof word;
    }
    if (at == size) break;
    const unsigned char lead = bytes[at];
    if (lead < 0x80) {
      ++at;
      continue;
    }
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || at + more >= size) return at;
    for (std::size_t i = 1; i <= more; ++i)
      if ((bytes[at + i] & 0xC0) != 0x80) return at;
    // Overlong forms, surrogates, and what lies beyond Unicode.
    const unsigned char next = bytes[at + 1];
    if ((lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F) ||
        (lead == 0xF0 && next < 0x90) || (lead == 0xF4 && next > 0x8F))
      return at;
    at += more + 1;
  }
  return std::nullopt;
}

}  // namespace mpibatch::plan
