// Ids are types of their own. All are plain values with an order.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace mpibatch::model {

enum class JobId : std::uint32_t {};     // a job of this run; given by name, never reused in a run
enum class NodeId : std::uint32_t {};    // a (host, share) of this run; never reused in a run
enum class Epoch : std::uint32_t {};     // the number of a rank 0's life; the first is 1
enum class Revision : std::uint32_t {};  // the number of an adopted plan; the first is 1
using ChildIndex = std::uint32_t;        // AWS_BATCH_JOB_ARRAY_INDEX; 0 for a job that is no array

inline constexpr ChildIndex kChildrenMax = 10'000'000;

// Chosen at random by each starter process; a restarted starter is another instance.
struct InstanceId {
  std::uint64_t value = 0;
  auto operator<=>(const InstanceId&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& value;
  }
};

// A numbered range of work given to one node; unique for ever.
struct GrantId {
  Epoch epoch{};
  std::uint32_t number = 0;
  auto operator<=>(const GrantId&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& number;
  }
};

// One child's one go: what may happen once at the most.
struct ExecutionId {
  JobId job{};
  ChildIndex child = 0;
  GrantId grant;
  auto operator<=>(const ExecutionId&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& child& grant;
  }
};

constexpr std::uint32_t number_of(JobId id) { return static_cast<std::uint32_t>(id); }
constexpr std::uint32_t number_of(NodeId id) { return static_cast<std::uint32_t>(id); }
constexpr std::uint32_t number_of(Epoch id) { return static_cast<std::uint32_t>(id); }
constexpr std::uint32_t number_of(Revision id) { return static_cast<std::uint32_t>(id); }

std::string to_string(GrantId id);      // "2.17": epoch and number
std::string to_string(ExecutionId id);  // "3:12@2.17": job, child, grant
std::string to_string(InstanceId id);   // 16 hexadecimal digits

}  // namespace mpibatch::model
