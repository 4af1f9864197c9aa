// The launchers of a starter: one a CPU of its share, made when it is needed first, so that an
// attempt is started where it will run.
#pragma once

#include <memory>
#include <vector>

#include <mpibatch/base/time.hpp>

#include "node/launcher.hpp"

namespace mpibatch::node {

// Not to be used by two threads at once; the launchers themselves run beside.
class Launchers {
 public:
  Launchers(LaunchSite& site, LaunchListener& listener);
  ~Launchers();

  void start(StartOrder order);
  void signal(const model::ExecutionId& execution, EndSignal signal);
  void set_reading(bool on);
  void stop();
  // After stop(): waits till everything is gone, at most `patience`. False: something is left, and
  // only leaving the process ends it.
  bool finish(Duration patience);

 private:
  Launcher& launcher_for(const std::vector<std::uint32_t>& cpus);

  LaunchSite& site_;
  LaunchListener& listener_;
  std::vector<std::unique_ptr<Launcher>> launchers_;  // null: not needed yet
};

}  // namespace mpibatch::node
