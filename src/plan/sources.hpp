// The files a plan is read from: the originals, or their copies under the originals' names.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/filesystem.hpp>
#include <mpibatch/plan/load.hpp>

namespace mpibatch::plan {

class Sources {
 public:
  explicit Sources(const FileSystem& files) : files_(files) {}
  // `copies`: each original's path and where its copy is; other files are not there.
  Sources(const FileSystem& files, std::map<std::string, std::string> copies)
      : files_(files), copies_(std::move(copies)), from_copies_(true) {}

  // Each file is read once. `path` is absolute, or "-". The first file is called `name` in a copy,
  // the others get a number before theirs.
  Result<std::shared_ptr<const std::string>> read(const std::string& path);

  std::vector<SourceFile> take() { return std::move(sources_); }

 private:
  Result<std::string> content(const std::string& path) const;

  const FileSystem& files_;
  std::map<std::string, std::string> copies_;
  bool from_copies_ = false;
  std::vector<SourceFile> sources_;
};

// `path` as seen from `folder`, which is absolute. Nothing is resolved: `..` and links stay.
std::string absolute_path(const std::string& folder, const std::string& path);
std::string folder_of(const std::string& path);  // of an absolute path

}  // namespace mpibatch::plan
