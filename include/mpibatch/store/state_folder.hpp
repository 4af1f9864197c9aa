// Where a run lives, and the names in it. Paths only; nothing here touches the disk.
#pragma once

#include <string>

#include <mpibatch/model/ids.hpp>
#include <mpibatch/model/node.hpp>

namespace mpibatch::store {

struct StateFolder {
  std::string path;  // absolute

  std::string owner() const { return path + "/owner"; }  // who rank 0 is: replaced by each claim
  std::string claim(model::Epoch epoch) const;  // owner.<epoch>: created exclusively by each claim
  std::string counter(
      model::Epoch epoch) const;  // alive.<epoch>: raised every second by that rank 0
  std::string nonce() const { return path + "/nonce"; }
  std::string journal() const {
    return path + "/journal";
  }  // folder of <epoch>.journal, ten digits
  std::string journal(model::Epoch epoch) const;
  std::string nodes() const { return path + "/nodes"; }
  std::string node(const model::NodeName& name) const;  // nodes/<host>.<share>
  std::string segment(const model::NodeName& name,
                      model::InstanceId instance) const;  // …/<instance>.segment
  std::string inbox() const { return path + "/inbox"; }
  std::string plan() const { return path + "/plan"; }
  std::string plan(
      model::Revision revision) const;  // plan/<revision>: plan file, sheets, task lists
  std::string surroundings() const { return path + "/environment"; }
  std::string snapshots() const { return path + "/snapshots"; }  // numbered; state.h5 is the newest
  std::string state() const { return path + "/state.h5"; }
};

}  // namespace mpibatch::store
