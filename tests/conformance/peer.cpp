#include "conformance/peer.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

namespace mpibatch::conformance {

using transport::Link;

namespace {

constexpr auto kPatience = std::chrono::seconds{60};
constexpr int kPollMsMax = 1000;

void wait(Link& link) {
  const short events = link.wants_write() ? POLLIN | POLLOUT : POLLIN;
  pollfd ready{link.descriptor(), events, 0};
  const int longest = link.wait_ms_max();
  ::poll(&ready, 1, longest < 0 ? kPollMsMax : longest);
  link.progress();
}

template <class Done>
void wait_until(Link& link, const char* what, Done done) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) {
      std::fprintf(stderr, "conformance: gave up waiting for %s\n", what);
      std::exit(1);
    }
    wait(link);
  }
}

void send(Link& link, const std::string& message) {
  while (!link.closed()) {
    const auto sent = link.send(message);
    if (sent || sent.error().kind != ErrorKind::Busy) return;
    wait(link);
  }
}

std::string take(Link& link, std::size_t count, std::size_t bytes) {
  std::string verdict = "good";
  for (std::size_t i = 0; i < count; ++i) {
    const auto message = wait_for_message(link);
    if (message != content(i, bytes) && verdict == "good")
      verdict = "message " + std::to_string(i) + " differs";
  }
  return verdict;
}

// Both ends of a link may be processes of their own: a file is what they share.
void hold(const std::string& path) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::filesystem::exists(path) && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

}  // namespace

std::string content(std::size_t number, std::size_t bytes) {
  constexpr std::size_t kBlock = 4096;
  std::string text(bytes, '.');
  for (std::size_t start = 0; start < bytes; start += kBlock) {
    const std::string mark = std::to_string(number) + ":" + std::to_string(start) + ";";
    text.replace(start, std::min(mark.size(), bytes - start), mark, 0, bytes - start);
  }
  return text;
}

std::optional<std::string> wait_for_message(Link& link) {
  std::optional<std::string> message;
  wait_until(link, "a message", [&] {
    message = link.receive();
    return message || link.closed();
  });
  return message;
}

void wait_until_sent(Link& link) {
  wait_until(link, "the queue to empty", [&] { return link.queued_bytes() == 0 || link.closed(); });
}

void serve(Link& link) {
  while (const auto command = wait_for_message(link)) {
    std::istringstream words(*command);
    std::string verb;
    std::size_t count = 0;
    std::size_t bytes = 0;
    words >> verb;
    if (verb == "sync") {
      send(link, *command);
      continue;
    }
    if (verb == "hold") {
      hold(command->substr(command->find(' ') + 1));
      continue;
    }
    words >> count >> bytes;
    if (verb == "bye") break;
    if (verb == "echo") {
      for (std::size_t i = 0; i < count; ++i)
        if (const auto message = wait_for_message(link)) send(link, *message);
    } else if (verb == "send") {
      for (std::size_t i = 0; i < count; ++i) send(link, content(i, bytes));
    } else if (verb == "take") {
      send(link, take(link, count, bytes));
    }
  }
  wait_until_sent(link);
}

}  // namespace mpibatch::conformance
