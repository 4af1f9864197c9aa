// What the launchers of a starter share. Threads use it at the same time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/model/node.hpp>
#include <mpibatch/protocol/frames.hpp>

#include "node/orphans.hpp"
#include "node/output_pipes.hpp"
#include "node/slot_table.hpp"
#include "node/tmp_folders.hpp"

namespace mpibatch::node {

struct AttemptSurroundings {
  protocol::Surroundings given;
  TmpFolders& tmp_folders;
};

class LaunchSite {
 public:
  LaunchSite(std::string run_id, model::NodeName node_name, std::vector<std::uint32_t> share_cpus,
             SlotTable& slot_table, std::string pipe_folder)
      : run(std::move(run_id)),
        name(std::move(node_name)),
        node(model::to_string(name)),
        cpus(std::move(share_cpus)),
        pipes(std::move(pipe_folder)),
        slots(slot_table),
        orphans(slot_table) {}

  // Of all that is started from now on.
  void set_surroundings(const protocol::Surroundings& given, TmpFolders& tmp_folders) {
    auto made =
        std::make_shared<const AttemptSurroundings>(AttemptSurroundings{given, tmp_folders});
    const std::lock_guard lock(mutex_);
    surroundings_ = std::move(made);
  }
  std::shared_ptr<const AttemptSurroundings> surroundings() const {
    const std::lock_guard lock(mutex_);
    return surroundings_;
  }

  const std::string run;
  const model::NodeName name;
  const std::string node;  // its name, as it is shown
  // Of the share, ascending: for attempts with none of their own.
  const std::vector<std::uint32_t> cpus;
  PipeFolder pipes;
  SlotTable& slots;
  const Orphans orphans;
  std::atomic<std::uint32_t> mains{0};  // main processes that have not been reaped
  std::atomic<bool> reading{true};      // off: attempts block once their pipe is full

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const AttemptSurroundings> surroundings_;
};

}  // namespace mpibatch::node
