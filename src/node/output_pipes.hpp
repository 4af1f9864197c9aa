// The pipes that the attempts of one launcher print to. A pipe serves the next attempt once nobody
// can write to it any more: making one for each would cost half as much as starting it. One thread
// uses it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include <mpibatch/base/unique_fd.hpp>

namespace mpibatch::node {

class OutputPipes {
 public:
  using Id = std::uint32_t;
  // What the other ends' bytes are reported with: `key_of(id)`, to whoever waits for `epoll`.
  OutputPipes(int epoll, std::uint64_t (*key_of)(Id id));

  tl::expected<Id, int> take();  // else: errno
  int write_end(Id id) const { return pipes_[id].write_end.get(); }
  // As read(2): 0 at the end, which only a closed pipe has; below 0: nothing now.
  ssize_t read(Id id, char* to, std::size_t size) const;
  // Our write end: from now on read() tells whether others have one.
  void close(Id id) { pipes_[id].write_end.reset(); }
  // `at_end`: read() came to the end. Else who has the other end keeps that pipe for himself.
  void give_back(Id id, bool at_end);
  // Off: nothing is reported.
  void watch(bool on);

 private:
  struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
    std::string name;  // in /proc/self/fd
  };

  void watch(Id id, bool on) const;

  const int epoll_;
  std::uint64_t (*const key_of_)(Id);
  const UniqueFd own_descriptors_;  // /proc/self/fd
  bool watched_ = true;
  std::vector<Pipe> pipes_;  // by id; without ends: to be made
  std::vector<Id> free_;     // with both ends, empty, nobody else's
  std::vector<Id> unmade_;
};

}  // namespace mpibatch::node
