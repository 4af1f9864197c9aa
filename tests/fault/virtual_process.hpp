// A process of the simulated cluster: it takes steps, may be stopped for a while (what arrives
// meanwhile waits), and dies for good at any checkpoint.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "event_queue.hpp"
#include "trace.hpp"

namespace mpibatch::fault {

class VirtualProcess {
 public:
  using Step = std::function<void()>;

  VirtualProcess(EventQueue& events, Trace& trace, std::string title)
      : events_(events), trace_(trace), title_(std::move(title)) {}
  virtual ~VirtualProcess() = default;
  VirtualProcess(const VirtualProcess&) = delete;
  VirtualProcess& operator=(const VirtualProcess&) = delete;

  bool alive() const { return alive_; }
  bool stalled() const { return stalled_; }
  const std::string& title() const { return title_; }

  // Takes the step now; after the stall if it is stalled; never if it is dead.
  void enter(Step step) {
    if (!alive_) return;
    if (stalled_) {
      backlog_.push_back(std::move(step));
    } else {
      take(step);
    }
  }
  // A step that goes first after a stall.
  void enter_first(Step step) {
    if (alive_ && stalled_) {
      urgent_.push_back(std::move(step));
    } else {
      enter(std::move(step));
    }
  }
  void later(Duration delay, Step step) {
    events_.after(delay, [this, step = std::move(step)] { enter(step); });
  }

  void stall() {
    if (alive_) trace_("{} is stopped", title_);
    stalled_ = true;
  }
  void wake() {
    if (!stalled_) return;
    stalled_ = false;
    if (!alive_) return;
    trace_("{} goes on", title_);
    while (alive_ && !stalled_ && !(urgent_.empty() && backlog_.empty())) {
      std::deque<Step>& from = urgent_.empty() ? backlog_ : urgent_;
      const Step step = std::move(from.front());
      from.pop_front();
      take(step);
    }
  }

  // It dies at the n-th checkpoint from now.
  void arm(unsigned checkpoints) { armed_ = checkpoints; }
  void disarm() { armed_.reset(); }
  // Called wherever a SIGKILL could make a difference.
  void checkpoint() {
    if (!armed_ || --*armed_ > 0) return;
    armed_.reset();
    throw Died{};
  }
  bool dies_here() const { return armed_ == 1U; }  // at the next checkpoint
  void die(const std::string& why) {
    if (!alive_) return;
    alive_ = false;
    trace_("{} dies: {}", title_, why);
    backlog_.clear();
    urgent_.clear();
    died();
  }

 protected:
  virtual void died() = 0;

  EventQueue& events_;
  Trace& trace_;

 private:
  struct Died {};
  void take(const Step& step) {
    try {
      step();
    } catch (const Died&) {
      die("at a checkpoint");
    }
  }

  std::string title_;
  bool alive_ = true;
  bool stalled_ = false;
  std::optional<unsigned> armed_;
  std::deque<Step> backlog_;
  std::deque<Step> urgent_;
};

}  // namespace mpibatch::fault
