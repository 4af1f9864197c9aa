#include <mpibatch/store/state_folder.hpp>

#include <fmt/format.h>

namespace mpibatch::store {

std::string StateFolder::claim(model::Epoch epoch) const {
  return fmt::format("{}/owner.{}", path, model::number_of(epoch));
}

std::string StateFolder::counter(model::Epoch epoch) const {
  return fmt::format("{}/alive.{}", path, model::number_of(epoch));
}

std::string StateFolder::journal(model::Epoch epoch) const {
  return fmt::format("{}/journal/{:010}.journal", path, model::number_of(epoch));
}

std::string StateFolder::node(const model::NodeName& name) const {
  return fmt::format("{}/nodes/{}.{}", path, name.host, name.share);
}

std::string StateFolder::segment(const model::NodeName& name, model::InstanceId instance) const {
  return fmt::format("{}/{}.segment", node(name), model::to_string(instance));
}

std::string StateFolder::plan(model::Revision revision) const {
  return fmt::format("{}/plan/{}", path, model::number_of(revision));
}

}  // namespace mpibatch::store
