#include "agent.hpp"

#include <mpibatch/protocol/codec.hpp>

#include "starter.hpp"

namespace mpibatch::fault {

void Door::step() {
  if (line_) return;
  if (node_.host->up) {
    if (node_.starter && node_.starter->alive()) {
      line_ = std::make_shared<Line>(cluster_, nullptr, end_, *node_.starter);
      node_.starter->called(line_);
      met_ = true;
      opened_();
      return;
    }
    // One that was told to leave has left in order: not started again by those who knew it.
    if (met_ && node_.starter && node_.starter->told_to_leave()) return;
    if (may_launch_) {
      cluster_.starters.push_back(std::make_unique<VirtualStarter>(cluster_, node_));
      node_.starter = cluster_.starters.back().get();
      node_.starter->boot();
      if (met_) cluster_.tally(Seen::StarterBack);
    }
  }
  owner_.later(cluster_.ms(1, 1000), [this] { step(); });
}

bool Door::closed(const Line& line) {
  if (line_.get() != &line) return false;
  line_.reset();
  owner_.later(cluster_.ms(1, 200), [this] { step(); });
  return true;
}

Agent::Agent(Cluster& cluster, Node& node, std::string title)
    : VirtualProcess(cluster.events, cluster.trace, std::move(title)),
      cluster_(cluster),
      node_(node),
      door_(cluster, *this, *this, node, true, [this] { opened(); }) {}

void Agent::begin(std::shared_ptr<Line> rank_0, std::function<void()> world_ends) {
  rank_0_ = std::move(rank_0);
  world_ends_ = std::move(world_ends);
  later(cluster_.ms(0, 100), [this] { door_.step(); });
}

void Agent::opened() {
  if (attach_) door_.line()->send(*this, *attach_);
}

void Agent::hear(Line& line, const std::string& bytes) {
  enter([this, down = &line == rank_0_.get(), from = line.shared_from_this(), bytes] {
    if (!down) {
      if (from == door_.line()) rank_0_->send(*this, bytes);
      return;
    }
    const auto message = protocol::decode_down(bytes);
    if (!message) throw Violation{"a message does not decode: " + message.error().message};
    for (const protocol::DownFrame& frame : message->frames)
      if (std::holds_alternative<protocol::Attach>(frame))
        attach_ = protocol::encode(protocol::DownMessage{message->epoch, {}, {frame}});
    if (door_.line()) door_.line()->send(*this, bytes);
  });
}

void Agent::hung_up(Line& line) {
  enter([this, from = line.shared_from_this()] {
    if (from == rank_0_) {
      die("rank 0 has gone");
    } else {
      door_.closed(*from);
    }
  });
}

void Agent::break_door() {
  if (alive() && door_.line()) door_.line()->close();
}

void Agent::died() {
  if (!rank_0_->closed()) cluster_.tally(Seen::AgentLost);
  if (door_.line()) door_.line()->close();
  rank_0_->close();
  world_ends_();
}

}  // namespace mpibatch::fault
