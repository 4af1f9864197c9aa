// A temporary folder that goes with its owner, and files in it.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_folder.hpp"

namespace mpibatch::node {

class TestFolder {
 public:
  std::string path() const { return folder_.path(); }
  std::string path(const std::string& name) const { return folder_ / name; }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::ofstream(path(name)) << text;
    ::chmod(path(name).c_str(), mode);
    return path(name);
  }

 private:
  testing::TemporaryFolder folder_;
};

}  // namespace mpibatch::node
