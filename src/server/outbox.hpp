// Everything that leaves rank 0: a frame waits for the commit of the last fact made before it.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <variant>
#include <vector>

#include <mpibatch/server/coordinator.hpp>

namespace mpibatch::server {

class Outbox {
 public:
  // Waits until `after` facts are committed.
  void push(std::uint64_t after, LinkId link, model::InstanceId instance,
            protocol::DownFrame frame) {
    waiting_.push_back({after, {link, instance, std::move(frame)}});
  }
  // Depends on no fact: leaves at once, ahead of what waits.
  void push_now(LinkId link, model::InstanceId instance, protocol::DownFrame frame) {
    ready_.push_back({link, instance, std::move(frame)});
  }
  void committed(std::uint64_t facts) {
    while (!waiting_.empty() && waiting_.front().after <= facts) {
      ready_.push_back(std::move(waiting_.front().entry));
      waiting_.pop_front();
    }
  }
  // The journal cannot grow: what waits for it never leaves. Returns the grants among it.
  std::set<model::GrantId> drop_waiting() {
    std::set<model::GrantId> grants;
    for (const Waiting& waiting : waiting_)
      if (const auto* grant = std::get_if<protocol::Grant>(&waiting.entry.frame))
        grants.insert(grant->id);
    waiting_.clear();
    return grants;
  }
  void drop(LinkId link) {
    std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.entry.link == link; });
    std::erase_if(ready_, [&](const Entry& entry) { return entry.link == link; });
  }
  bool empty() const { return waiting_.empty() && ready_.empty(); }

  // What may leave, neighbours for one link in one message.
  std::vector<SendDown> take(model::Epoch epoch) {
    std::vector<SendDown> messages;
    for (Entry& entry : ready_) {
      const bool same = !messages.empty() && messages.back().link == entry.link &&
                        messages.back().message.instance == entry.instance;
      if (!same) messages.push_back({entry.link, {epoch, entry.instance, {}}});
      messages.back().message.frames.push_back(std::move(entry.frame));
    }
    ready_.clear();
    return messages;
  }

 private:
  struct Entry {
    LinkId link{};
    model::InstanceId instance;
    protocol::DownFrame frame;
  };
  struct Waiting {
    std::uint64_t after = 0;
    Entry entry;
  };
  std::deque<Waiting> waiting_;  // by `after`
  std::vector<Entry> ready_;
};

}  // namespace mpibatch::server
