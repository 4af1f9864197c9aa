// A big cluster in virtual time, through rank 0's coordinator: messages as bytes in, facts to the
// journal's layout, messages as bytes out. The nodes run tasks of one second each and report what
// has ended since their last report.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <mpibatch/server/coordinator.hpp>
#include "bench/core_run.hpp"
#include "bench/cpu_watch.hpp"

namespace mpibatch::bench {

class ClusterRun {
 public:
  // Enough work for `seconds`, which begin when the first tasks of every node have ended.
  ClusterRun(const ClusterSize& cluster, Duration report_every, std::uint32_t seconds);
  ~ClusterRun();
  void play();

  struct Result {
    double codec_s = 0;        // CPU of rank 0, for all of the time: bytes to messages and back
    double coordinator_s = 0;  // … events, facts, decisions, what leaves when
    double journal_s = 0;      // … facts to bytes
    std::uint64_t ends = 0;
    std::uint64_t messages = 0;  // from nodes
    double utilisation = 0;
    double virtual_s = 0;
  };
  const Result& result() const { return result_; }

 private:
  struct Piece {
    model::GrantId grant;
    model::JobId job{};
    model::Range children;
  };
  struct Running {
    Instant end{};
    model::GrantId grant;
    model::JobId job{};
    model::ChildIndex child = 0;
  };
  struct Node {
    std::uint32_t idle = 0;
    std::uint32_t begun = 0;  // counts the first ones, which are shorter, so that ends spread
    std::uint64_t ends = 0;   // numbers them
    std::deque<Piece> backlog;
    std::deque<Running> running;  // by end
    std::vector<std::pair<model::GrantId, model::Ranges>> started;
    protocol::Ends ended;
  };
  class Work;

  void begin(Node& node, Instant at);
  void advance(Node& node);
  void report(std::uint32_t number);
  void say(std::uint32_t number, protocol::UpFrame frame);
  void send_up(std::uint32_t number, const protocol::UpMessage& message);
  void settle();
  void deliver(const server::SendDown& command);
  void step(std::uint32_t slice);

  ClusterSize cluster_;
  Duration report_every_;
  std::uint32_t seconds_;
  std::unique_ptr<Work> work_;
  std::unique_ptr<server::Coordinator> coordinator_;
  std::vector<Node> nodes_;
  Instant now_{std::chrono::hours(1)};
  std::uint64_t facts_ = 0;
  CpuWatch codec_;
  CpuWatch handling_;
  CpuWatch journal_;
  Result result_;
};

}  // namespace mpibatch::bench
