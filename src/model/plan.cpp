#include <mpibatch/model/plan.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace mpibatch::model {

namespace {

constexpr std::string_view kMark = "Ref::";

bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

struct Reference {
  std::size_t begin = 0;  // of `Ref::`
  std::size_t end = 0;    // behind the name, or behind the closing brace
  std::string_view name;
};

std::optional<Reference> next_reference(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find(kMark, from); at != std::string_view::npos;
       at = text.find(kMark, at + 1)) {
    const std::size_t after = at + kMark.size();
    const bool braced = after < text.size() && text[after] == '{';
    const std::size_t begin = braced ? after + 1 : after;
    std::size_t end = begin;
    while (end < text.size() && in_name(text[end])) ++end;
    if (end == begin || (braced && (end == text.size() || text[end] != '}'))) continue;
    return Reference{at, braced ? end + 1 : end, text.substr(begin, end - begin)};
  }
  return std::nullopt;
}

}  // namespace

Duration Expectation::mean() const {
  double seconds = 0;
  switch (kind) {
    case Kind::Unknown:
      return Duration{0};
    case Kind::Fixed:
    case Kind::Normal:
    case Kind::Exponential:
      seconds = a;
      break;
    case Kind::Uniform:
      seconds = (a + b) / 2;
      break;
    case Kind::Lognormal:
      seconds = std::exp(a + b * b / 2);
      break;
  }
  // What is known is not 0, which would be unknown; the bound keeps sums of many within a Duration.
  constexpr double kSecondsMax = 1e9;
  const double bounded = seconds > 0 ? std::min(seconds, kSecondsMax) : 0;
  return std::max(Duration{1}, Duration{std::llround(bounded * 1e6)});
}

KeyWriter::KeyWriter(const PlannedJob& job) : job_(job) {
  if (!job.parameters || job.key_template.empty()) return;
  const std::vector<std::string>& names = job.parameters->names();
  const std::string& text = job.key_template;
  std::size_t copied = 0;
  for (auto reference = next_reference(text, 0); reference;
       reference = next_reference(text, reference->end)) {
    const auto name = std::find(names.begin(), names.end(), reference->name);
    if (name == names.end()) continue;
    pieces_.push_back({text.substr(copied, reference->begin - copied), name - names.begin()});
    copied = reference->end;
  }
  pieces_.push_back({text.substr(copied), std::nullopt});
}

std::string KeyWriter::key(ChildIndex child) const {
  if (job_.parameters) {
    if (auto own = job_.parameters->key(child)) return std::move(*own);
  }
  if (pieces_.empty()) return std::to_string(child);
  const std::vector<std::string> values = job_.parameters->values(child);
  std::string key;
  for (const Piece& piece : pieces_) {
    key += piece.text;
    if (piece.value) key += values[*piece.value];
  }
  return key;
}

std::string key_of(const PlannedJob& job, ChildIndex child) { return KeyWriter(job).key(child); }

std::optional<ChildIndex> find_child(const PlannedJob& job, const std::string& key_or_index) {
  const KeyWriter keys(job);
  if (job.parameters) {
    for (ChildIndex child = 0; child < job.spec.size; ++child)
      if (keys.key(child) == key_or_index) return child;
  }
  ChildIndex index = 0;
  const char* end = key_or_index.data() + key_or_index.size();
  const auto [last, error] = std::from_chars(key_or_index.data(), end, index);
  if (error != std::errc{} || last != end || index >= job.spec.size) return std::nullopt;
  return index;
}

std::string substitute_parameters(
    const std::string& text, const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string result;
  std::size_t copied = 0;
  for (auto reference = next_reference(text, 0); reference;
       reference = next_reference(text, reference->end)) {
    const auto found =
        std::find_if(parameters.begin(), parameters.end(),
                     [&](const auto& parameter) { return parameter.first == reference->name; });
    if (found == parameters.end()) continue;
    result.append(text, copied, reference->begin - copied);
    result += found->second;
    copied = reference->end;
  }
  return result.append(text, copied);
}

std::vector<std::string> referenced_parameters(const std::string& text) {
  std::vector<std::string> names;
  for (auto reference = next_reference(text, 0); reference;
       reference = next_reference(text, reference->end))
    names.emplace_back(reference->name);
  return names;
}

}  // namespace mpibatch::model
