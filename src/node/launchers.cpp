#include "node/launchers.hpp"

#include <signal.h>

#include <algorithm>
#include <thread>
#include <utility>

#include <mpibatch/base/clock.hpp>

namespace mpibatch::node {

Launchers::Launchers(LaunchSite& site, LaunchListener& listener)
    : site_(site), listener_(listener), launchers_(std::max<std::size_t>(1, site.cpus.size())) {}

Launchers::~Launchers() {
  stop();
  finish(std::chrono::seconds{5});
}

Launcher& Launchers::launcher_for(const std::vector<std::uint32_t>& cpus) {
  std::size_t at = 0;
  if (cpus.empty()) {
    const auto load = [](const auto& launcher) { return launcher ? launcher->load() : 0; };
    const auto least =
        std::min_element(launchers_.begin(), launchers_.end(),
                         [&](const auto& a, const auto& b) { return load(a) < load(b); });
    at = static_cast<std::size_t>(least - launchers_.begin());
  } else {
    const auto own = std::lower_bound(site_.cpus.begin(), site_.cpus.end(), cpus.front());
    at = static_cast<std::size_t>(own - site_.cpus.begin()) % launchers_.size();
  }
  if (!launchers_[at]) launchers_[at] = std::make_unique<Launcher>(site_, listener_);
  return *launchers_[at];
}

void Launchers::start(StartOrder order) {
  Launcher& launcher = launcher_for(order.cpus);
  launcher.start(std::move(order));
}

void Launchers::signal(const model::ExecutionId& execution, EndSignal signal) {
  for (const auto& launcher : launchers_)
    if (launcher) launcher->signal(execution, signal);
}

void Launchers::set_reading(bool on) {
  if (site_.reading.exchange(on) == on) return;
  for (const auto& launcher : launchers_)
    if (launcher) launcher->look_again();
}

void Launchers::stop() {
  for (const auto& launcher : launchers_)
    if (launcher) launcher->stop();
}

bool Launchers::finish(Duration patience) {
  constexpr auto kPause = std::chrono::milliseconds{1};
  const SystemClock clock;
  const Duration until = clock.awake() + patience;
  const auto working = [](const auto& launcher) { return launcher && !launcher->stopped(); };
  while (std::any_of(launchers_.begin(), launchers_.end(), working)) {
    if (clock.awake() > until) return false;
    std::this_thread::sleep_for(kPause);
  }
  launchers_.clear();
  while (true) {
    const std::vector<int> orphans = site_.orphans.alive();
    if (orphans.empty()) return true;
    if (clock.awake() > until) return false;
    for (const int orphan : orphans) ::kill(orphan, SIGKILL);
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace mpibatch::node
