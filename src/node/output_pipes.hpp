// The pipes that the attempts of one launcher print to. A pipe serves the next attempt once nobody
// can write to it any more: making one for each would cost as much as half of starting it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include <mpibatch/base/unique_fd.hpp>

namespace mpibatch::node {

// Pipes have names (FIFOs) here, for only by a name can one be opened for writing again. Threads
// may use it at the same time.
class PipeFolder {
 public:
  // Made, or emptied. Where that cannot be, pipes have no names and serve one attempt each.
  explicit PipeFolder(std::string path);
  ~PipeFolder();
  PipeFolder(const PipeFolder&) = delete;
  PipeFolder& operator=(const PipeFolder&) = delete;

  int descriptor() const { return folder_.get(); }
  std::string new_name() { return std::to_string(++made_); }

 private:
  const std::string path_;
  UniqueFd folder_;
  std::atomic<std::uint32_t> made_{0};
};

// One thread uses it.
class OutputPipes {
 public:
  using Id = std::uint32_t;
  explicit OutputPipes(PipeFolder& folder) : folder_(folder) {}
  ~OutputPipes();
  OutputPipes(const OutputPipes&) = delete;
  OutputPipes& operator=(const OutputPipes&) = delete;

  tl::expected<Id, int> take();  // else: errno
  int write_end(Id id) const { return pipes_[id].write_end.get(); }
  // Ours, at once after a process was given it: processes that are made meanwhile inherit it for a
  // moment.
  void close_write_end(Id id) { pipes_[id].write_end.reset(); }
  int read_end(Id id) const { return pipes_[id].read_end.get(); }
  // As read(2), but at once; 0: nobody can write to it any more.
  ssize_t read(Id id, char* to, std::size_t size) const;
  // `at_end`: read() gave 0. Else who has the other end keeps that pipe for himself.
  void give_back(Id id, bool at_end);

 private:
  struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
    std::string name;  // empty: it has none
  };

  tl::expected<Pipe, int> make() const;
  bool open_write_end(Pipe& pipe) const;
  void remove(Pipe& pipe) const;

  PipeFolder& folder_;
  std::vector<Pipe> pipes_;  // by id
  std::vector<Id> free_;     // empty, and nobody has an end to write to
  std::vector<Id> unmade_;   // neither ends nor name
};

}  // namespace mpibatch::node
