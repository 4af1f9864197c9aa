// Runs attempts through the real process layer and collects what they print and how they end.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/base/clock.hpp>
#include <mpibatch/base/random.hpp>

#include "node/environment.hpp"
#include "node/processes.hpp"
#include "unit/node/processes_of.hpp"
#include "unit/node/test_folder.hpp"

namespace mpibatch::node {

class AttemptDriver final : public AttemptListener {
 public:
  AttemptDriver()
      : slots_(std::move(*SlotTable::create(folder.path("slots"), Duration{0}))),
        tmp_(std::move(*TmpFolders::create(folder.path("user/tmp")))),
        site_(run, {"here", 0}, {}, slots_, folder.path("pipes")),
        processes(site_, *this) {
    surroundings.working_directory = folder.path();
    surroundings.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/nowhere"}};
    apply();
  }

  void apply() { site_.set_surroundings(surroundings, *tmp_); }

  model::JobTemplate job(std::vector<std::string> command) const {
    model::JobTemplate text;
    text.name = "job";
    text.queue = "default";
    text.command = std::move(command);
    return text;
  }

  tl::expected<void, StartFailure> start(model::JobTemplate text,
                                         std::vector<std::string> values = {}) {
    last = {model::JobId{1}, next_child_++, {model::Epoch{1}, 1}};
    return processes.start(
        {last, 1, std::make_shared<model::JobTemplate>(std::move(text)), std::move(values)}, {});
  }
  tl::expected<void, StartFailure> start_script(const std::string& script) {
    return start(job({"/bin/bash", "-c", script}));
  }

  void turn(int wait_ms) { processes.turn(wait_ms); }
  void set_reading(bool on) { site_.reading = on; }
  // False if that did not come about in half a minute.
  template <class Condition>
  bool until(Condition condition) {
    const SystemClock clock;
    const Duration end = clock.awake() + std::chrono::seconds{120};
    while (!condition()) {
      if (clock.awake() > end) return false;
      turn(100);
    }
    return true;
  }
  bool until_ended() {
    return until([this] { return ends.contains(last); });
  }
  const model::AttemptEnd& end() { return ends.at(last); }
  const std::string& text() { return texts[{last, store::Stream::Stdout}]; }
  const std::string& errors() { return texts[{last, store::Stream::Stderr}]; }

  int left_over() const { return processes_of(run); }

  void output(const model::ExecutionId& execution, store::Stream stream,
              std::string bytes) override {
    if (keep_text) texts[{execution, stream}] += bytes;
    bytes_printed += bytes.size();
  }
  void ended(const model::ExecutionId& execution, model::AttemptEnd end) override {
    left_at_end += left_over();
    ends[execution] = std::move(end);
  }

  const std::string run = random_hex(32);
  TestFolder folder;
  protocol::Surroundings surroundings;
  model::ExecutionId last;
  std::map<model::ExecutionId, model::AttemptEnd> ends;
  std::map<std::pair<model::ExecutionId, store::Stream>, std::string> texts;
  std::uint64_t bytes_printed = 0;
  bool keep_text = true;
  int left_at_end = 0;  // processes that lived on when an end was told; other attempts' included

 private:
  model::ChildIndex next_child_ = 0;
  SlotTable slots_;
  std::unique_ptr<TmpFolders> tmp_;
  LaunchSite site_;

 public:
  Processes processes;
};

}  // namespace mpibatch::node
