// Very many attempts in a few bytes each, less where their output is, to be looked at child by
// child. What many have in common (node, CPUs, reason) is kept once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <mpibatch/store/attempts.hpp>

namespace mpibatch::cli {

class PackedAttempts {
 public:
  void add(const store::Attempt& attempt);
  void sort();  // by job, child and start, as read() needs it
  // The attempts of this child replace `to`; children are asked for in rising order.
  void read(model::JobId job, model::ChildIndex child, std::vector<store::Attempt>& to);

 private:
  struct Packed {
    model::ExecutionId execution;
    model::ChildIndex child = 0;
    std::uint32_t node = 0;
    std::uint32_t cpus = 0;
    std::uint32_t reason = 0;
    std::int32_t code = 0;
    std::uint16_t attempt = 1;
    store::AttemptState state{};
    model::EndKind kind{};
    Instant started_at{};
    Instant stopped_at{};
    model::Usage usage;
  };
  // Numbers for values that come again and again.
  template <class Value>
  class Numbers {
   public:
    std::uint32_t of(const Value& value);
    const Value& operator[](std::uint32_t number) const { return found_[number]->first; }

   private:
    using Map = std::map<Value, std::uint32_t>;
    Map numbers_;
    std::vector<typename Map::const_iterator> found_;
    std::uint32_t last_ = 0;
  };
  void unpack(const Packed& packed, store::Attempt& to) const;

  std::vector<Packed> attempts_;
  std::size_t next_ = 0;  // of attempts_, to be read
  Numbers<model::NodeName> nodes_;
  Numbers<std::vector<std::uint32_t>> cpus_;
  Numbers<std::string> reasons_;
};

}  // namespace mpibatch::cli
