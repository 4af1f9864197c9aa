#include "node/output_pipes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace mpibatch::node {

PipeFolder::PipeFolder(std::string path) : path_(std::move(path)) {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  if (::mkdir(path_.c_str(), 0700) == 0)
    folder_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

PipeFolder::~PipeFolder() { ::rmdir(path_.c_str()); }

OutputPipes::~OutputPipes() {
  for (Pipe& pipe : pipes_) remove(pipe);
}

tl::expected<OutputPipes::Id, int> OutputPipes::take() {
  while (!free_.empty()) {
    const Id id = free_.back();
    free_.pop_back();
    // Opened anew, it has none of the flags that an attempt may have set, O_NONBLOCK above all.
    if (open_write_end(pipes_[id])) return id;
    give_back(id, false);
  }
  auto made = make();
  if (!made) return tl::unexpected<int>(made.error());
  Id id = static_cast<Id>(pipes_.size());
  if (unmade_.empty()) {
    pipes_.push_back(std::move(*made));
  } else {
    id = unmade_.back();
    unmade_.pop_back();
    pipes_[id] = std::move(*made);
  }
  return id;
}

tl::expected<OutputPipes::Pipe, int> OutputPipes::make() const {
  const int folder = folder_.descriptor();
  Pipe pipe{{}, {}, folder_.new_name()};
  if (folder >= 0 && ::mkfifoat(folder, pipe.name.c_str(), 0600) == 0) {
    pipe.read_end.reset(::openat(folder, pipe.name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (pipe.read_end && open_write_end(pipe)) return pipe;
    remove(pipe);
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return tl::unexpected<int>(errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1]), {}};
}

bool OutputPipes::open_write_end(Pipe& pipe) const {
  pipe.write_end.reset(::openat(folder_.descriptor(), pipe.name.c_str(), O_WRONLY | O_CLOEXEC));
  return static_cast<bool>(pipe.write_end);
}

void OutputPipes::remove(Pipe& pipe) const {
  if (!pipe.name.empty()) ::unlinkat(folder_.descriptor(), pipe.name.c_str(), 0);
  pipe = {};
}

ssize_t OutputPipes::read(Id id, char* to, std::size_t size) const {
  return ::read(pipes_[id].read_end.get(), to, size);
}

void OutputPipes::give_back(Id id, bool at_end) {
  Pipe& pipe = pipes_[id];
  if (at_end && !pipe.name.empty()) {
    free_.push_back(id);
  } else {
    remove(pipe);
    unmade_.push_back(id);
  }
}

}  // namespace mpibatch::node
