// A thread that starts attempts and waits for them: what the kernel does for a start, and then for
// the program's own, happens on the attempt's own CPUs while other launchers go on.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "node/processes.hpp"

namespace mpibatch::node {

// Called by the launchers' threads.
class LaunchListener : public AttemptListener {
 public:
  // `at`, of CLOCK_MONOTONIC: some milliseconds ago, or its whole life if that was shorter.
  virtual void started(const model::ExecutionId& execution, Duration at) = 0;
  virtual void cannot_start(const model::ExecutionId& execution, StartFailure failure) = 0;
};

struct StartOrder {
  Spawn spawn;
  std::vector<std::uint32_t> cpus;
};

// Any thread may call it, the listener's calls on the launcher's own thread included.
class Launcher final : private AttemptListener {
 public:
  Launcher(LaunchSite& site, LaunchListener& listener);
  // Kills what runs. Hangs where the kernel hangs in starting something: see stopped().
  ~Launcher() override;
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  void start(StartOrder order);
  void signal(const model::ExecutionId& execution, EndSignal signal);
  void look_again();  // the site's switches have changed
  // Nothing more starts, what runs is killed; then its thread ends.
  void stop();
  bool stopped() const { return stopped_; }
  std::size_t load() const { return load_; }  // attempts, those included that have yet to start

 private:
  using Order = std::variant<StartOrder, Signal>;

  void output(const model::ExecutionId& execution, store::Stream stream,
              std::string bytes) override;
  void ended(const model::ExecutionId& execution, model::AttemptEnd end) override;
  void give(Order order);
  void run();
  void follow(const Order& order);
  void tell_started();

  LaunchListener& listener_;
  Processes processes_;                       // the thread's own, but for wake()
  std::optional<model::ExecutionId> untold_;  // has started
  std::mutex mutex_;
  std::vector<Order> orders_;
  std::atomic<std::size_t> load_{0};
  std::atomic<bool> stop_{false};
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace mpibatch::node
