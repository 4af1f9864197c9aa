// A CSV file (RFC 4180; byte order mark and CRLF understood), or one with tabs for commas, as the
// parameters of an array: the bytes stay as they are, a row is an offset into them and is parsed
// when it is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mpibatch/model/job.hpp>

#include "plan/field.hpp"

namespace mpibatch::plan {

// A tab for files called .tsv or .tab, a comma for all others.
char separator_of(const std::string& file);

class Sheet final : public model::ParameterTable {
 public:
  // Null if something is wrong with it; all of that is reported, with line numbers. The first line
  // holds the names. Empty lines are skipped.
  static std::shared_ptr<const Sheet> read(std::shared_ptr<const std::string> content,
                                           char separator, const Report& report);

  model::ChildIndex rows() const override {
    return static_cast<model::ChildIndex>(offsets_.size());
  }
  const std::vector<std::string>& names() const override { return names_; }
  std::vector<std::string> values(model::ChildIndex row) const override;
  std::uint64_t digest() const override { return digest_; }

  std::size_t line(model::ChildIndex row) const;  // from 1; linear in the file's size

 private:
  Sheet() = default;
  bool read_names(std::size_t begin, const Report& report);
  bool read_rows(std::size_t begin, const Report& report);

  std::shared_ptr<const std::string> content_;
  char separator_ = ',';
  std::vector<std::string> names_;
  std::vector<std::uint64_t> offsets_;
  std::uint64_t digest_ = 0;
};

}  // namespace mpibatch::plan
