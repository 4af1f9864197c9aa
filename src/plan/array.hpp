// arrayProperties: how many children, their parameters, and what their keys are made of.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include <mpibatch/model/plan.hpp>

#include "plan/field.hpp"
#include "plan/sheet.hpp"
#include "plan/sources.hpp"

namespace mpibatch::plan {

// Reads each sheet once, whoever names it.
class SheetReader {
 public:
  SheetReader(Sources& sources, std::string folder)
      : sources_(sources), folder_(std::move(folder)) {}
  // Null, and reported: at `path` what is wrong with the file, in the sheet what with its content.
  std::shared_ptr<const Sheet> read(const std::string& file, const Path& path,
                                    const Report& report);

 private:
  Sources& sources_;
  std::string folder_;
  std::map<std::string, std::shared_ptr<const Sheet>> sheets_;
};

struct ArrayFields {
  model::ChildIndex size = 1;
  std::shared_ptr<const model::ParameterTable> table;
  std::string key_template;
  bool keys_differ = false;            // by construction: no need to compare them
  std::string where;                   // of the key, or of what makes the default one
  std::string sheet_file;              // as the plan names it; empty where there is none
  std::shared_ptr<const Sheet> sheet;  // where the children are its rows
  std::uint64_t max_concurrent = 0;
  std::optional<std::uint64_t> max_failures;
};

// None if something is wrong with it, which is reported.
std::optional<ArrayFields> read_array_properties(const JsonValue& value, const Path& path,
                                                 SheetReader& sheets, const Report& report);

// The key template that a name, or a text with references, stands for; else all that is wrong.
tl::expected<std::string, std::vector<std::string>> make_key_template(
    const std::string& text, const std::vector<std::string>& names);
// `name=value,…` as a template.
std::string default_key(const std::vector<std::string>& names);

// Reports children with the same key, or an empty one.
void check_keys(const model::PlannedJob& job, const ArrayFields& array, const Report& report);

}  // namespace mpibatch::plan
