// manifest.json of a plan's copy: what the copied files are copies of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/plan/load.hpp>

namespace mpibatch::plan {

inline constexpr char kManifestName[] = "manifest.json";

struct Manifest {
  std::string path;                  // of the plan or task list: absolute, or "-"
  std::string shown;                 // as the user named it: for messages
  std::optional<TaskOptions> tasks;  // none: a plan file
  bool sheet = false;                // the tasks are the rows of a sheet, not the lines of a list
};

SourceFile manifest_file(const Manifest& manifest, const std::vector<SourceFile>& sources);

struct ParsedManifest {
  Manifest manifest;
  std::map<std::string, std::string> copies;  // original's path → the copy's in `folder`
};
Result<ParsedManifest> parse_manifest(const std::string& text, const std::string& folder);

}  // namespace mpibatch::plan
