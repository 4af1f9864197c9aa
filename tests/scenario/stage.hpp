// A coordinator on a stage: the script plays the nodes, the disk, the clock and the user, and gets
// back what rank 0 does. Time passes by the script alone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <mpibatch/server/coordinator.hpp>

#include "scenario/script.hpp"
#include "scenario/words.hpp"
#include "support/fake_work.hpp"

namespace mpibatch::scenario {

class Stage {
 public:
  Stage();
  // What the step's commands lead to, in order, as whole lines. Throws ScriptError.
  std::string run(const Step& step);

 private:
  // A starter as the script plays it.
  struct Machine {
    model::NodeName name;
    std::uint32_t number = 0;  // from 1, in order of appearance: its instances are named after it
    model::Resources capacity;
    std::vector<std::string> features;
    model::InstanceId instance;
    std::optional<server::LinkId> link;
    bool renews = true;  // by itself, while time passes
    std::map<model::InstanceId, std::uint64_t> ends_told;
    std::optional<protocol::UpMessage> last;
  };

  void run(const Command& command);
  void say(std::string line) { output_ += line + "\n"; }

  // ---- stage.cpp: the world around the coordinator
  void begin_epoch(const model::EpochBegan& began, std::vector<model::Fact> first, bool count_on);
  void journal(const model::Fact& fact);  // of what the coordinator does not make itself
  void commit(std::uint64_t upto);
  void settle();  // takes and shows what follows, until nothing does
  void show(const server::Command& command);
  void check();  // what must hold after every step
  void pass(Duration time, bool stalled);
  void beat();  // what happens by itself from time to time
  void send_up(Machine& machine, protocol::UpFrame frame, Words& words);
  server::Coordinator& rank0();
  Machine& machine(const model::NodeName& name);
  Machine& linked(Words& words);
  model::InstanceId instance(const Machine& machine, std::uint64_t number) const;
  model::JobId job(const std::string& name) const;

  // ---- commands.cpp: one function a command
  void settings(Words& words);
  void commits(Words& words);
  void plan(Words& words, const std::vector<std::string>& details);
  void restart(Words& words, const std::vector<std::string>& details);
  void link(Words& words, bool greets);
  void hello(Machine& machine, Words& words);
  void link_lost(Words& words);
  void silent(Words& words);
  void renew(Words& words);
  void owner(Words& words);
  void started(Words& words);
  void ended(Words& words);
  void returned(Words& words);
  void trouble(Words& words);
  void refused(Words& words);
  void again(Words& words);
  void segment_read(Words& words, const std::vector<std::string>& details);
  void interrupt(Words& words);
  std::vector<protocol::EndNotice> ends(Words& words) const;

  // ---- requests.cpp: what users ask for, and look at
  struct Target {
    model::JobId job{};
    model::Ranges children;
  };
  Target target(Words& words) const;
  std::string request_id(Words& words);
  void only(Words& words);
  void cancel(Words& words, bool terminate);
  void hold(Words& words, bool hold);
  void retry(Words& words);
  void priority(Words& words);
  void request(const scheduler::Event& event);
  void state();
  void child(Words& words);
  void nodes();
  void explain(Words& words);
  void lines(const std::vector<std::string>& lines);

  server::CoordinatorSettings settings_;
  Instant now_{};
  Instant beat_at_{};
  bool commits_at_once_ = true;
  bool owner_fresh_ = true;
  bool journal_lost_ = false;
  bool result_shown_ = false;

  std::vector<model::Fact> journal_;  // of all epochs
  std::size_t epoch_start_ = 0;       // where this epoch's coordinator began to make facts
  std::uint64_t committed_ = 0;       // facts of this epoch's coordinator that are safe
  scheduler::Scheduler folded_;       // of journal_
  std::map<model::GrantId, model::JobId> jobs_of_grants_;
  std::set<Duration> stamps_shown_;

  std::map<model::NodeName, Machine> machines_;
  std::map<server::LinkId, std::string> link_names_;
  std::uint32_t links_made_ = 0;
  std::uint32_t requests_made_ = 0;
  std::unique_ptr<testing::FakeWork> work_;
  std::unique_ptr<server::Coordinator> rank0_;
  std::string output_;
};

}  // namespace mpibatch::scenario
