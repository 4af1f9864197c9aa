#include "plan/consumables.hpp"

#include <algorithm>

#include "plan/definition.hpp"
#include "plan/names.hpp"

namespace mpibatch::plan {

namespace {

constexpr std::size_t kUsesMax = 5;

}  // namespace

void Consumables::read(const JsonValue& value, const Path& path, const Report& report) {
  const JsonArray* array = read_array(value, path, report);
  for (std::size_t i = 0; array && i < array->size(); ++i)
    read_one((*array)[i], path.item(i), report);
}

void Consumables::read_one(const JsonValue& value, const Path& path, const Report& report) {
  static constexpr std::string_view kSupported[] = {"consumableResourceName", "totalQuantity",
                                                    "resourceType", "tags"};
  static constexpr std::string_view kRefused[] = {"availableQuantity", "consumableResourceArn",
                                                  "createdAt", "inUseQuantity"};
  static constexpr std::string_view kTypes[] = {"REPLENISHABLE", "NON_REPLENISHABLE"};
  if (!read_object(value, path, {kSupported, kRefused, {}}, report)) return;
  check_tags(value, path, report);
  model::Consumable consumable;
  if (const JsonValue* total = require_field(value, "totalQuantity", path, report))
    if (const auto amount =
            read_integer(*total, path.field("totalQuantity"), {0, INT64_MAX}, report))
      consumable.total = static_cast<std::uint64_t>(*amount);
  if (const JsonValue* type = value.find("resourceType"))
    consumable.replenishable = read_word(*type, path.field("resourceType"), kTypes, report) != 1;
  const JsonValue* name = require_field(value, "consumableResourceName", path, report);
  const Path place = path.field("consumableResourceName");
  const auto text = name ? read_string(*name, place, report) : std::nullopt;
  if (!text) return;
  if (auto fault = resource_name_fault(*text)) report.add(place, std::move(*fault));
  const bool twice = std::any_of(consumables_.begin(), consumables_.end(),
                                 [&](const auto& other) { return other.name == *text; });
  if (twice) {
    report.add(place, "consumable resource '" + *text + "' is there twice");
    return;
  }
  consumable.name = *text;
  consumables_.push_back(std::move(consumable));
}

std::vector<model::ConsumableUse> Consumables::read_uses(const JsonValue& value, const Path& path,
                                                         const Report& report) const {
  static constexpr std::string_view kFields[] = {"consumableResourceList"};
  std::vector<model::ConsumableUse> uses;
  if (!read_object(value, path, {kFields, {}, {}}, report)) return uses;
  const JsonValue* list = require_field(value, kFields[0], path, report);
  if (!list) return uses;
  const Path place = path.field(kFields[0]);
  const JsonArray* array = read_array(*list, place, report);
  if (array && array->size() > kUsesMax) {
    report.add(place, "has more than " + std::to_string(kUsesMax) + " entries");
    return uses;
  }
  for (std::size_t i = 0; array && i < array->size(); ++i) {
    const auto use = read_use((*array)[i], place.item(i), report);
    if (!use) continue;
    const bool twice = std::any_of(uses.begin(), uses.end(), [&](const auto& other) {
      return other.consumable == use->consumable;
    });
    if (twice)
      report.add(place.item(i), "'" + consumables_[use->consumable].name + "' is named twice");
    uses.push_back(*use);
  }
  return uses;
}

std::optional<model::ConsumableUse> Consumables::read_use(const JsonValue& value, const Path& path,
                                                          const Report& report) const {
  static constexpr std::string_view kFields[] = {"consumableResource", "quantity"};
  if (!read_object(value, path, {kFields, {}, {}}, report)) return std::nullopt;
  const JsonValue* name = require_field(value, kFields[0], path, report);
  const JsonValue* quantity = value.find(kFields[1]);
  const auto amount =
      quantity ? read_integer(*quantity, path.field(kFields[1]), {1, INT64_MAX}, report) : 1;
  const auto text = name ? read_string(*name, path.field(kFields[0]), report) : std::nullopt;
  const auto place = text ? find(*text, path.field(kFields[0]), report) : std::nullopt;
  if (!place || !amount) return std::nullopt;
  const model::Consumable& consumable = consumables_[*place];
  if (static_cast<std::uint64_t>(*amount) > consumable.total) {
    report.add(path.field(kFields[1]),
               std::to_string(*amount) + " is more than there will ever " + "be of '" +
                   consumable.name + "': its totalQuantity is " + std::to_string(consumable.total));
    return std::nullopt;
  }
  return model::ConsumableUse{*place, static_cast<std::uint64_t>(*amount)};
}

std::optional<std::uint32_t> Consumables::find(const std::string& name, const Path& path,
                                               const Report& report) const {
  for (std::size_t i = 0; i < consumables_.size(); ++i)
    if (consumables_[i].name == name) return static_cast<std::uint32_t>(i);
  report.add_unknown(path, "consumable resource", name, [&] { return names_of(consumables_); });
  return std::nullopt;
}

}  // namespace mpibatch::plan
