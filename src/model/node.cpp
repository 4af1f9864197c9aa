#include <mpibatch/model/node.hpp>

namespace mpibatch::model {

std::string to_string(const NodeName& name) {
  return name.share == 0 ? name.host : name.host + "/" + std::to_string(name.share);
}

}  // namespace mpibatch::model
