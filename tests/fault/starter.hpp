// A starter with the real core: its callers, its attempts' processes, its segment.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <mpibatch/node/starter_core.hpp>
#include <mpibatch/store/segment.hpp>

#include "cluster.hpp"
#include "line.hpp"
#include "virtual_process.hpp"

namespace mpibatch::fault {

class VirtualStarter final : public VirtualProcess, public LineEnd {
 public:
  VirtualStarter(Cluster& cluster, Node& node);
  ~VirtualStarter() override;

  void boot();
  bool told_to_leave() const { return told_; }
  void called(const std::shared_ptr<Line>& line);
  void hear(Line& line, const std::string& bytes) override;
  void hung_up(Line& line) override;
  // A message that nobody could have sent now: of an older epoch, or for another instance.
  void haunt(const protocol::DownMessage& ghost);
  bool is_stale(const protocol::DownMessage& message) const;
  void fail_disk();
  void out_of_sight();  // nobody reaches it any more
  // It and all it ran, now: the host lost its power, or a successor sweeps.
  void sweep();
  Node& node() { return node_; }
  model::InstanceId instance() const { return instance_; }

 private:
  struct Attempt {
    std::shared_ptr<const model::JobTemplate> job;
    model::Resources each;
    Outcome outcome;
  };
  struct Caller {
    std::shared_ptr<Line> line;
    std::optional<protocol::DownMessage> attach;  // its nonce is being looked at
    std::deque<std::string> unread;
  };

  void died() override;
  void make_core();
  node::Now now() const;
  void act();
  void plan_tick();
  void leave(const node::Exit& exit);

  void hear_caller(Caller& caller, const std::string& bytes);
  void accept(Line* line);
  void hear_link(const std::string& bytes);
  void drop_link();

  Outcome outcome_of(const node::Spawn& order) const;
  void spawn(const node::Spawn& order);
  void check_room(const model::ExecutionId& execution) const;
  void signal(const node::Signal& order);
  void process_ends(const model::ExecutionId& execution);
  void kill(const model::ExecutionId& execution, bool report);
  void report(const model::ExecutionId& execution, model::AttemptEnd end);

  void sync(std::uint64_t ticket);
  void write_soon();
  bool commit();       // begins it; false if the disk failed
  void commit_done();  // its sync is back

  Cluster& cluster_;
  Node& node_;
  const model::InstanceId instance_;
  ProcessDisk disk_;
  std::unique_ptr<store::SegmentWriter> writer_;
  std::unique_ptr<node::StarterCore> core_;
  node::Now began_;
  model::Epoch epoch_{};
  std::shared_ptr<Line> link_;
  std::vector<Caller> callers_;
  std::map<model::ExecutionId, Attempt> attempts_;  // whose processes live
  std::uint64_t tick_ = 0;
  bool acting_ = false;
  bool leaving_ = false;
  bool told_ = false;

  bool disk_fails_ = false;
  bool writing_ = false;
  bool syncing_ = false;
  std::uint64_t ticket_wanted_ = 0;
  std::uint64_t ticket_under_way_ = 0;
  std::vector<store::AttemptEnded> ends_unsynced_;
  std::vector<store::AttemptEnded> ends_under_way_;
};

}  // namespace mpibatch::fault
