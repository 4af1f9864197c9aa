// What a snapshot holds of the core. Layout (base/layout.hpp): u32 version, then Saved's fields in
// order; a changed field list raises the version. What is derived is not saved. Version 2 ends
// before Saved::promises.
#pragma once

#include "scheduler/state.hpp"

namespace mpibatch::scheduler {

inline constexpr std::uint32_t kSavedVersion = 3;
inline constexpr std::uint32_t kSavedVersionOldest = 2;

struct SavedJob {
  std::string name;
  std::uint32_t kind = kNone;
  std::uint64_t digest = 0;
  bool in_plan = false;
  std::uint32_t order = 0;
  std::uint64_t first_child = 0;
  ChildIndex size = 1;
  std::vector<model::Dependency> depends_on;  // match: index into Saved::matches
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& kind& digest& in_plan& order& first_child& size& depends_on;
  }
};

struct SavedExtra {
  JobId job{};
  std::vector<std::pair<std::string, model::Ranges>> end_reasons;
  std::uint64_t attempts_ended = 0;
  Duration busy{0};
  std::uint64_t unstartable = 0;
  bool proven = false;
  std::string trouble;
  std::uint64_t forgiven = 0;
  model::Ranges held;
  std::vector<std::pair<ChildIndex, std::uint8_t>> out_of_memory;
  std::optional<std::uint32_t> priority;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& end_reasons& attempts_ended& busy& unstartable& proven& trouble& forgiven& held&
        out_of_memory& priority;
  }
};

struct SavedMatch {
  JobId awaited{};
  JobId waiting{};
  model::MatchGroups groups;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& awaited& waiting& groups;
  }
};

struct SavedNode {
  model::NodeName name;
  InstanceId instance;
  std::string boot_id;
  model::Resources capacity;
  std::vector<std::string> features;
  bool present = false;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& instance& boot_id& capacity& features& present;
  }
};

struct SavedGrant {
  GrantId id;
  NodeId node{};
  InstanceId instance;
  JobId job{};
  model::Revision revision{};
  model::Resources each;
  std::uint32_t environment = model::kNoEnvironment;
  Instant since{};
  model::Ranges outstanding, started, cancelled, terminated;
  std::optional<std::vector<std::pair<ChildIndex, ChildIndex>>> today;
  std::optional<GrantId> gang;
  model::Ranges members;
  bool gang_main = false;
  bool exclusive = false;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& id& node& instance& job& revision& each& environment& since& outstanding& started&
        cancelled& terminated& today& gang& members& gang_main& exclusive;
  }
};

// Of a grant: what of it waits for its turn.
struct SavedPromise {
  GrantId grant;
  model::Ranges promised;
  std::optional<model::ExecutionId> after;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& grant& promised& after;
  }
};

constexpr GangState::Outcome last_of(GangState::Outcome) { return GangState::Outcome::Cancelled; }

struct SavedGang {
  GrantId main;
  JobId job{};
  std::optional<ChildIndex> child;
  GangState::Outcome outcome = GangState::Outcome::None;
  bool started = false;
  model::NodeName lost_host;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& main& job& child& outcome& started& lost_host;
  }
};

struct SavedLease {
  NodeId node{};
  InstanceId instance;
  Instant until{};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& node& instance& until;
  }
};

struct SavedChild {
  JobId job{};
  ChildIndex child = 0;
  std::optional<model::FailedAttempt> failure;
  std::uint32_t losses = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& job& child& failure& losses;
  }
};

struct SavedShare {
  std::uint32_t queue = 0;
  std::string id;
  double used = 0;
  Instant upto{};
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& queue& id& used& upto;
  }
};

struct Saved {
  model::EpochBegan epoch;
  Instant began{};
  std::uint32_t grants_made = 0;
  model::Revision revision{};
  bool finished = false;
  std::uint64_t forgiven = 0;
  model::PlanRules rules;
  std::vector<model::JobSpec> kinds;
  std::vector<SavedJob> jobs;
  std::vector<SavedExtra> extras;  // of jobs that have more to say than nothing
  std::vector<SavedMatch> matches;
  std::string children;  // ChildByte each
  std::vector<SavedNode> nodes;
  std::vector<SavedGrant> grants;
  std::vector<SavedGang> gangs;
  std::vector<SavedLease> leases;
  std::vector<SavedChild> troubled;
  std::vector<SavedShare> shares;
  std::vector<std::uint64_t> spent;
  std::vector<std::string> requests;
  std::vector<SavedPromise> promises;  // by grant; behind what follows, since version 3
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& epoch& began& grants_made& revision& finished& forgiven& rules& kinds& jobs& extras&
        matches& children& nodes& grants& gangs& leases& troubled& shares& spent& requests;
  }
};

// Damaged bytes may say anything, and must not crash who reads them: whether what derive(), the
// questions and later facts rely on holds.
bool consistent(const Saved& saved);

// What is wrong with a job's kind under the plan's rules; empty: nothing. flaws.cpp
std::string kind_flaw(const model::JobSpec& kind, const model::PlanRules& rules);
std::string rules_flaw(const model::PlanRules& rules);
// … and with a dependency of a job of `size` on one of `awaited` children.
std::string match_flaw(const model::MatchGroups& groups, ChildIndex awaited, ChildIndex size);

}  // namespace mpibatch::scheduler
