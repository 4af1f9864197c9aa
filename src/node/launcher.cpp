#include "node/launcher.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <utility>

namespace mpibatch::node {

Launcher::Launcher(LaunchSite& site, LaunchListener& listener)
    : listener_(listener), processes_(site, *this) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // A child's end is ignored as it is sent; blocked here, it would wake the main thread to ignore
  // it.
  ::sigdelset(&all, SIGCHLD);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are the main thread's
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Launcher::~Launcher() {
  stop();
  thread_.join();
}

void Launcher::start(StartOrder order) {
  ++load_;
  give(std::move(order));
}

void Launcher::signal(const model::ExecutionId& execution, EndSignal signal) {
  give(Signal{execution, signal});
}

void Launcher::look_again() { ::eventfd_write(processes_.wake(), 1); }

void Launcher::stop() {
  stop_ = true;
  look_again();
}

void Launcher::output(const model::ExecutionId& execution, store::Stream stream,
                      std::string bytes) {
  tell_started();
  listener_.output(execution, stream, std::move(bytes));
}

// What follows is placed where the load is least: here, most often.
void Launcher::ended(const model::ExecutionId& execution, model::AttemptEnd end) {
  --load_;
  tell_started();
  listener_.ended(execution, std::move(end));
}

void Launcher::give(Order order) {
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(order));
  }
  // Its own thread looks before it waits.
  if (std::this_thread::get_id() != thread_.get_id()) look_again();
}

void Launcher::run() {
  while (true) {
    std::vector<Order> orders;
    {
      const std::lock_guard lock(mutex_);
      orders.swap(orders_);
    }
    const bool stop = stop_;
    if (stop) {
      processes_.kill_all();
    } else {
      for (const Order& order : orders) follow(order);
    }
    if (stop && processes_.running() == 0) break;
    bool more = false;
    {
      const std::lock_guard lock(mutex_);
      more = !orders_.empty();
    }
    processes_.turn(more ? 0 : -1);
    tell_started();
  }
  stopped_ = true;
}

void Launcher::follow(const Order& order) {
  if (const auto* signal = std::get_if<Signal>(&order)) {
    processes_.signal(signal->execution, signal->signal);
    return;
  }
  const auto& start = std::get<StartOrder>(order);
  tell_started();
  if (auto started = processes_.start(start.spawn, start.cpus); !started) {
    --load_;
    listener_.cannot_start(start.spawn.execution, std::move(started.error()));
    return;
  }
  // Told now, it would keep its own CPU from it; told with its end, it costs half: after a program
  // has run all memory is far away again.
  untold_ = start.spawn.execution;
}

void Launcher::tell_started() {
  if (!untold_) return;
  const model::ExecutionId execution = *std::exchange(untold_, std::nullopt);
  listener_.started(execution, processes_.started_at());
}

}  // namespace mpibatch::node
