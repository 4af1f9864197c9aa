// Ends in the order of their numbers, kept until rank 0 has committed them. An end that printed
// leaves once its segment is synced; one that did not waits for earlier numbers alone, so that
// `Acknowledged{upto}` can never pass over an end that rank 0 has not seen.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <mpibatch/model/attempt.hpp>
#include <mpibatch/model/ids.hpp>
#include <mpibatch/protocol/frames.hpp>

namespace mpibatch::node {

class EndOutbox {
 public:
  // Returns its number. `printed`: wait for the sync that next_ticket() names.
  std::uint64_t add(model::ExecutionId execution, model::AttemptEnd end, bool printed);
  // The ticket to sync under if an end was added that needs one since the last call; 0: none.
  std::uint64_t next_ticket();
  void synced(std::uint64_t ticket);
  // No sync will come any more: what waits for one says in its reason that its output is lost.
  void fail(const std::string& message);

  bool sync_needed() const { return ticket_used_; }  // next_ticket() has one
  bool ready() const { return sent_ < kept_.size() && kept_[sent_].ticket <= synced_; }
  std::vector<protocol::EndNotice> take_ready();  // to be sent now
  void send_again();                              // the link is new: all of them
  // The executions that may be forgotten.
  std::vector<model::ExecutionId> acknowledged(std::uint64_t upto);
  bool empty() const { return kept_.empty(); }

 private:
  struct Kept {
    protocol::EndNotice notice;
    std::uint64_t ticket = 0;  // 0: needs no sync
  };
  std::deque<Kept> kept_;  // by number, without gaps
  std::size_t sent_ = 0;   // how many of them left on this link
  std::uint64_t number_ = 0;
  std::uint64_t ticket_ = 1;
  bool ticket_used_ = false;
  std::uint64_t synced_ = 0;
};

}  // namespace mpibatch::node
