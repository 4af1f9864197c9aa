// A connection: messages arrive in order after a delay, sometimes late, sometimes twice. When it
// closes, both ends learn of it some time later; what is under way is lost, or comes before that.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "cluster.hpp"

namespace mpibatch::fault {

class Line;

class LineEnd {
 public:
  virtual ~LineEnd() = default;
  virtual void hear(Line& line, const std::string& bytes) = 0;
  virtual void hung_up(Line& line) = 0;
};

class Line : public std::enable_shared_from_this<Line> {
 public:
  // `cable`: the node whose cable it runs through; null: it stays on one host.
  Line(Cluster& cluster, Node* cable, LineEnd& caller, LineEnd& called)
      : cluster_(cluster), cable_(cable), ends_{&caller, &called} {}

  void send(const LineEnd& from, std::string bytes);
  void close();
  bool closed() const { return closed_; }
  // The cable is whole again: what was held arrives.
  void mended();
  const Node* cable() const { return cable_; }

 private:
  struct Held {
    int to = 0;
    std::string bytes;
  };
  void arrive(int to, const std::string& bytes);
  void tell_closed(int to);

  Cluster& cluster_;
  Node* cable_;
  std::array<LineEnd*, 2> ends_;
  std::array<Duration, 2> free_at_{};  // nothing overtakes
  std::vector<Held> held_;
  std::array<bool, 2> untold_{};
  bool closed_ = false;
  std::array<bool, 2> deaf_{};  // nothing arrives at that end any more
};

}  // namespace mpibatch::fault
