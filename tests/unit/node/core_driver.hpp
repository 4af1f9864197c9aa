// Drives a StarterCore as rank 0 and the process layer would, with a scripted clock.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <mpibatch/node/starter_core.hpp>

namespace mpibatch::node {

using namespace std::chrono_literals;

inline const model::InstanceId kMe{77};

inline StarterSettings settings_of(std::uint32_t vcpus) {
  StarterSettings settings;
  settings.run = "r1";
  settings.name = {"node1", 0};
  settings.instance = kMe;
  settings.capacity = {vcpus, 1000};
  settings.predecessor = model::Predecessor::None;
  settings.lease = 60s;
  return settings;
}

inline model::JobTemplate job_of(std::uint32_t job, std::uint32_t vcpus = 1) {
  model::JobTemplate text;
  text.job = model::JobId{job};
  text.revision = model::Revision{1};
  text.name = "job";
  text.command = {"/bin/true"};
  text.array = true;
  text.size = 100;
  text.resources = {vcpus, 0};
  return text;
}

inline model::GrantId grant_id(std::uint32_t number, std::uint32_t epoch = 1) {
  return {model::Epoch{epoch}, number};
}

// A child of job n takes n + 1 CPUs.
inline protocol::Grant grant_of(std::uint32_t number, std::uint32_t job, model::Ranges children,
                                std::uint32_t epoch = 1) {
  return {grant_id(number, epoch),
          model::JobId{job},
          model::Revision{1},
          std::move(children),
          {},
          {},
          {job + 1, 0},
          {},
          {}};
}

struct CoreDriver {
  explicit CoreDriver(StarterSettings settings) : core(std::move(settings)) { core.tick(now); }

  void down(std::vector<protocol::DownFrame> frames, std::uint32_t epoch = 1,
            model::InstanceId instance = kMe) {
    core.receive({model::Epoch{epoch}, instance, std::move(frames)}, now);
    drain();
  }
  void attach(std::uint32_t epoch = 1) {
    protocol::Attach attach;
    attach.run = "r1";
    attach.lease = 60s;
    attach.grace = 5s;
    down({attach}, epoch, {});
  }
  void pass(Duration time) {
    now.boot += time;
    now.awake += time;
    now.wall += time;
    core.tick(now);
    drain();
  }
  void started(const model::ExecutionId& execution) {
    core.started(execution, {}, now);
    drain();
  }
  void ended(const model::ExecutionId& execution, model::EndKind kind = model::EndKind::Exited,
             std::int32_t code = 0) {
    model::AttemptEnd end;
    end.kind = kind;
    end.code = code;
    core.ended(execution, end, now);
    drain();
  }
  void synced(std::uint64_t ticket) {
    core.synced(ticket, now);
    drain();
  }
  void drain() {
    for (auto actions = core.take_actions(); !actions.empty(); actions = core.take_actions())
      do_all(actions);
  }
  void do_all(std::vector<Action>& actions) {
    for (Action& action : actions) {
      if (auto* send = std::get_if<Send>(&action)) {
        ++sends;
        for (protocol::UpFrame& frame : send->message.frames) up.push_back(std::move(frame));
        last_message = send->message;
      }
      if (const auto* spawn = std::get_if<Spawn>(&action)) spawned.push_back(*spawn);
      if (const auto* signal = std::get_if<Signal>(&action)) signals.push_back(*signal);
      if (const auto* append = std::get_if<Append>(&action)) records.push_back(append->record);
      if (const auto* sync = std::get_if<Sync>(&action)) syncs.push_back(sync->ticket);
      if (const auto* exit = std::get_if<Exit>(&action)) exits.push_back(exit->reason);
    }
  }
  template <class Frame>
  std::vector<Frame> said() {
    std::vector<Frame> frames;
    for (const protocol::UpFrame& frame : up)
      if (const auto* one = std::get_if<Frame>(&frame)) frames.push_back(*one);
    return frames;
  }
  std::vector<protocol::EndNotice> ends() {
    std::vector<protocol::EndNotice> all;
    for (const protocol::Ends& batch : said<protocol::Ends>())
      all.insert(all.end(), batch.ends.begin(), batch.ends.end());
    return all;
  }
  void forget_said() { up.clear(); }

  Now now{1000s, 500s, instant_from_us(1'700'000'000'000'000)};
  StarterCore core;
  std::vector<protocol::UpFrame> up;
  protocol::UpMessage last_message;
  int sends = 0;
  std::vector<Spawn> spawned;
  std::vector<Signal> signals;
  std::vector<store::SegmentRecord> records;
  std::vector<std::uint64_t> syncs;
  std::vector<std::string> exits;
};

// A starter of `vcpus` slots, attached, that knows jobs 0 (1 vCPU) and 1 (2 vCPUs).
struct AttachedDriver : CoreDriver {
  explicit AttachedDriver(std::uint32_t vcpus) : CoreDriver(settings_of(vcpus)) {
    attach();
    down({protocol::Templates{{job_of(0), job_of(1, 2)}}});
  }
};

}  // namespace mpibatch::node
