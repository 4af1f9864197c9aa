// How rank 0 reaches the starters: a door to the one on a host, which starts a missing one, and the
// agent, which relays between rank 0's cable and its door.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster.hpp"
#include "line.hpp"
#include "virtual_process.hpp"

namespace mpibatch::fault {

class Door {
 public:
  Door(Cluster& cluster, VirtualProcess& owner, LineEnd& end, Node& node, bool may_launch,
       std::function<void()> opened)
      : cluster_(cluster),
        owner_(owner),
        end_(end),
        node_(node),
        may_launch_(may_launch),
        opened_(std::move(opened)) {}

  void step();  // connects, again and again
  const std::shared_ptr<Line>& line() const { return line_; }
  bool closed(const Line& line);  // true if it was this one

 private:
  Cluster& cluster_;
  VirtualProcess& owner_;
  LineEnd& end_;
  Node& node_;
  bool may_launch_;
  bool met_ = false;  // there was a line before
  std::function<void()> opened_;
  std::shared_ptr<Line> line_;
};

class Agent final : public VirtualProcess, public LineEnd {
 public:
  Agent(Cluster& cluster, Node& node, std::string title);
  // `rank_0` is kept as long as the agent lives.
  void begin(std::shared_ptr<Line> rank_0, std::function<void()> world_ends);
  void hear(Line& line, const std::string& bytes) override;
  void hung_up(Line& line) override;
  Node& node() { return node_; }
  void break_door();

 private:
  void died() override;
  void opened();

  Cluster& cluster_;
  Node& node_;
  Door door_;
  std::shared_ptr<Line> rank_0_;
  std::function<void()> world_ends_;
  std::optional<std::string> attach_;
};

}  // namespace mpibatch::fault
