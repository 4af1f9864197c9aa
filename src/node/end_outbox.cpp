#include "node/end_outbox.hpp"

#include <algorithm>
#include <utility>

namespace mpibatch::node {

std::uint64_t EndOutbox::add(model::ExecutionId execution, model::AttemptEnd end, bool printed) {
  ticket_used_ |= printed;
  kept_.push_back({{++number_, execution, std::move(end)}, printed ? ticket_ : 0});
  return number_;
}

std::uint64_t EndOutbox::next_ticket() {
  if (!std::exchange(ticket_used_, false)) return 0;
  return ticket_++;
}

void EndOutbox::synced(std::uint64_t ticket) { synced_ = std::max(synced_, ticket); }

void EndOutbox::fail(const std::string& message) {
  for (Kept& kept : kept_) {
    if (kept.ticket <= synced_) continue;
    kept.ticket = 0;
    std::string& reason = kept.notice.end.reason;
    if (reason.empty()) reason = "its output may be lost: " + message;
  }
  ticket_used_ = false;
}

std::vector<protocol::EndNotice> EndOutbox::take_ready() {
  std::vector<protocol::EndNotice> ready;
  while (this->ready()) ready.push_back(kept_[sent_++].notice);
  return ready;
}

void EndOutbox::send_again() { sent_ = 0; }

std::vector<model::ExecutionId> EndOutbox::acknowledged(std::uint64_t upto) {
  std::vector<model::ExecutionId> forgotten;
  // Never beyond what left: a number that was not sent cannot have been committed.
  while (sent_ > 0 && kept_.front().notice.number <= upto) {
    forgotten.push_back(kept_.front().notice.execution);
    kept_.pop_front();
    --sent_;
  }
  return forgotten;
}

}  // namespace mpibatch::node
