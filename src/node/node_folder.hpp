// The node-local folder of a starter, and the lock that makes it the only one of its node.
#pragma once

#include <string>

#include <mpibatch/base/error.hpp>
#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/model/node.hpp>

namespace mpibatch::node {

struct NodePaths {
  std::string folder;
  std::string lock() const { return folder + "/lock"; }
  std::string socket() const { return folder + "/socket"; }
  std::string slots() const { return folder + "/slots"; }
  std::string pipes() const { return folder + "/pipes"; }      // a folder
  std::string failure() const { return folder + "/failure"; }  // why the last starter did not start
};

std::string node_folder_name(const std::string& run, const model::NodeName& name);
// Where attempts' temporary folders go: in `base`, else where the node's folder is.
std::string tmp_root(const std::string& base, const NodePaths& paths);

// Makes the folder and takes its lock for as long as the descriptor lives. Busy: another starter
// has it.
Result<UniqueFd> lock_node_folder(const NodePaths& paths);
// After a regular end nothing in it is needed any more; the lock's holder alone may call it.
void remove_node_folder(const NodePaths& paths);

}  // namespace mpibatch::node
