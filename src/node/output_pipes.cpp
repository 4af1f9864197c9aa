#include "node/output_pipes.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

#include <mpibatch/base/check.hpp>

namespace mpibatch::node {

OutputPipes::OutputPipes(int epoll, std::uint64_t (*key_of)(Id id))
    : epoll_(epoll),
      key_of_(key_of),
      own_descriptors_(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

tl::expected<OutputPipes::Id, int> OutputPipes::take() {
  if (!free_.empty()) {
    const Id id = free_.back();
    free_.pop_back();
    return id;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return tl::unexpected<int>(errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  Id id = static_cast<Id>(pipes_.size());
  if (unmade_.empty()) {
    pipes_.emplace_back();
  } else {
    id = unmade_.back();
    unmade_.pop_back();
  }
  pipes_[id] = {UniqueFd(ends[0]), UniqueFd(ends[1]), std::to_string(ends[0])};
  if (watched_) watch(id, true);
  return id;
}

ssize_t OutputPipes::read(Id id, char* to, std::size_t size) const {
  return ::read(pipes_[id].read_end.get(), to, size);
}

void OutputPipes::give_back(Id id, bool at_end) {
  Pipe& pipe = pipes_[id];
  // Opened anew, it has none of the flags that an attempt may have set, O_NONBLOCK above all.
  if (at_end)
    pipe.write_end.reset(::openat(own_descriptors_.get(), pipe.name.c_str(), O_WRONLY | O_CLOEXEC));
  if (at_end && pipe.write_end) {
    free_.push_back(id);
  } else {
    pipe = {};
    unmade_.push_back(id);
  }
}

void OutputPipes::watch(bool on) {
  if (on == watched_) return;
  watched_ = on;
  for (Id id = 0; id < pipes_.size(); ++id)
    if (pipes_[id].read_end) watch(id, on);
}

void OutputPipes::watch(Id id, bool on) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key_of_(id);
  const int operation = on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
  MPIBATCH_CHECK(::epoll_ctl(epoll_, operation, pipes_[id].read_end.get(), &event) == 0);
}

}  // namespace mpibatch::node
