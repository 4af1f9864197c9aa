#include "plan/policies.hpp"

#include <algorithm>

#include "plan/definition.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::int64_t kDecayMax = 604'800;
constexpr std::int64_t kReservationMax = 99;
constexpr NumberBounds kWeights{0.0001, 999.9999};
constexpr std::size_t kSharesMax = 500;
constexpr std::size_t kShareMax = 255;

// Whether some job's share could be meant by both.
bool overlap(std::string_view a, std::string_view b) {
  const bool any_a = a.ends_with('*');
  const bool any_b = b.ends_with('*');
  if (any_a) a.remove_suffix(1);
  if (any_b) b.remove_suffix(1);
  if (any_a && any_b) return a.starts_with(b) || b.starts_with(a);
  return any_a ? b.starts_with(a) : any_b ? a.starts_with(b) : a == b;
}

void read_share(const JsonValue& value, const Path& path, model::FairSharePolicy& policy,
                const Report& report) {
  static constexpr std::string_view kFields[] = {"shareIdentifier", "weightFactor"};
  if (!read_object(value, path, {kFields, {}, {}}, report)) return;
  const JsonValue* name = require_field(value, "shareIdentifier", path, report);
  const Path place = path.field("shareIdentifier");
  double weight = 1;
  if (const JsonValue* factor = value.find("weightFactor"))
    weight = read_number(*factor, path.field("weightFactor"), kWeights, report).value_or(1);
  const auto text = name ? read_string(*name, place, report) : std::nullopt;
  if (!text) return;
  const bool any = text->ends_with('*');
  if (auto fault = share_fault(std::string_view(*text).substr(0, text->size() - (any ? 1 : 0))))
    report.add(place, std::move(*fault) + "; a '*' may end it");
  for (const auto& [other, factor] : policy.weights)
    if (overlap(*text, other))
      report.add(place, "'" + *text + "' and '" + other + "' overlap: a share has one weight");
  policy.weights.emplace_back(*text, weight);
}

void read_fair_share(const JsonValue& value, const Path& path, model::FairSharePolicy& policy,
                     const Report& report) {
  static constexpr std::string_view kFields[] = {"shareDecaySeconds", "computeReservation",
                                                 "shareDistribution"};
  if (!read_object(value, path, {kFields, {}, {}}, report)) return;
  if (const JsonValue* decay = value.find(kFields[0]))
    if (const auto amount = read_integer(*decay, path.field(kFields[0]), {0, kDecayMax}, report))
      policy.decay = std::chrono::seconds(*amount);
  if (const JsonValue* part = value.find(kFields[1]))
    if (const auto percent =
            read_integer(*part, path.field(kFields[1]), {0, kReservationMax}, report))
      policy.compute_reservation = static_cast<std::uint32_t>(*percent);
  const JsonValue* shares = value.find(kFields[2]);
  if (!shares) return;
  const Path place = path.field(kFields[2]);
  const JsonArray* array = read_array(*shares, place, report);
  if (array && array->size() > kSharesMax) {
    report.add(place, "has more than " + std::to_string(kSharesMax) + " entries");
    return;
  }
  for (std::size_t i = 0; array && i < array->size(); ++i)
    read_share((*array)[i], place.item(i), policy, report);
}

}  // namespace

std::optional<std::string> share_fault(std::string_view share) {
  const bool good = std::all_of(share.begin(), share.end(),
                                [](char c) { return in_name(c) && c != '-' && c != '_'; });
  if (good && share.size() <= kShareMax && !share.empty()) return std::nullopt;
  return "'" + std::string(share.substr(0, kShareMax)) + "' must be 1 to " +
         std::to_string(kShareMax) + " letters and digits";
}

void Policies::read(const JsonValue& value, const Path& path, const Report& report) {
  const JsonArray* array = read_array(value, path, report);
  for (std::size_t i = 0; array && i < array->size(); ++i)
    read_one((*array)[i], path.item(i), report);
}

void Policies::read_one(const JsonValue& value, const Path& path, const Report& report) {
  static constexpr std::string_view kSupported[] = {"name", "fairsharePolicy", "tags"};
  static constexpr std::string_view kRefused[] = {"arn", "quotaSharePolicy"};
  static constexpr std::pair<std::string_view, std::string_view> kElsewhere[] = {
      {"shareDecaySeconds", "fairsharePolicy"},
      {"computeReservation", "fairsharePolicy"},
      {"shareDistribution", "fairsharePolicy"}};
  if (!read_object(value, path, {kSupported, kRefused, kElsewhere}, report)) return;
  check_tags(value, path, report);
  model::FairSharePolicy policy;
  if (const JsonValue* rules = value.find("fairsharePolicy"))
    read_fair_share(*rules, path.field("fairsharePolicy"), policy, report);
  const JsonValue* name = require_field(value, "name", path, report);
  const Path place = path.field("name");
  const auto text = name ? read_string(*name, place, report) : std::nullopt;
  if (!text) return;
  if (auto fault = resource_name_fault(*text)) report.add(place, std::move(*fault));
  const bool twice = std::any_of(policies_.begin(), policies_.end(),
                                 [&](const auto& other) { return other.name == *text; });
  if (twice) {
    report.add(place, "scheduling policy '" + *text + "' is there twice");
    return;
  }
  policy.name = *text;
  policies_.push_back(std::move(policy));
}

std::optional<std::uint32_t> Policies::find(const std::string& name, const Path& path,
                                            const Report& report) const {
  for (std::size_t i = 0; i < policies_.size(); ++i)
    if (policies_[i].name == name) return static_cast<std::uint32_t>(i);
  report.add_unknown(path, "scheduling policy", name, [&] { return names_of(policies_); });
  return std::nullopt;
}

}  // namespace mpibatch::plan
