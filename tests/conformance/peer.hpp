// The other end of a link under test: a loop that serves commands, in a thread or in another rank.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <mpibatch/transport/link.hpp>

namespace mpibatch::conformance {

// A link whose far end serve() drives; ends that peer when it goes.
class LinkWithPeer {
 public:
  virtual ~LinkWithPeer() = default;
  virtual transport::Link& link() = 0;
};
std::unique_ptr<LinkWithPeer> open_link();  // each suite's main file has its own

// Message `number` of a series, of as many bytes as asked for: each block names it and its place.
std::string content(std::size_t number, std::size_t bytes);

// Waits as the seam says. None once the link is closed; a link that stays silent for a minute ends
// the process.
std::optional<std::string> wait_for_message(transport::Link& link);
void wait_until_sent(transport::Link& link);

// Until "bye", or until the link is closed. Commands, each one message:
//   sync TEXT          answers with the same message
//   echo COUNT         sends the next COUNT messages back
//   send COUNT BYTES   sends that series before it receives anything else
//   hold PATH          does nothing until that file is gone
//   take COUNT BYTES   receives that series; answers "good", or what differs
void serve(transport::Link& link);

}  // namespace mpibatch::conformance
