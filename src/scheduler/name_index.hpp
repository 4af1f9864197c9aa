// Names of jobs: one pool of characters and an open hash table of ids, about 10 bytes a job beside
// its characters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mpibatch/model/ids.hpp>

namespace mpibatch::scheduler {

class NameIndex {
 public:
  void clear();
  void reserve(std::size_t jobs) { begins_.reserve(jobs + 1); }
  // Names of jobs by number, in order, and then index(), once; `listed`: find() knows it.
  void push(std::string_view name, bool listed);
  void index();
  std::string_view name(model::JobId job) const {
    const std::uint32_t number = model::number_of(job);
    return std::string_view(pool_).substr(begins_[number], begins_[number + 1] - begins_[number]);
  }
  std::optional<model::JobId> find(std::string_view name) const;
  std::size_t size() const { return begins_.size() - 1; }

 private:
  void enter(std::uint32_t number, std::size_t hash);

  std::string pool_;
  std::vector<std::uint64_t> begins_{0};
  std::vector<std::uint32_t> slots_;   // number + 1; 0: free. A power of two, half of it free
  std::vector<std::uint32_t> listed_;  // what index() is to enter
};

}  // namespace mpibatch::scheduler
