// How often each thing happened that a run is there to meet: a simulation that no longer meets one
// of them finds nothing out about it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mpibatch::fault {

enum class Seen : std::uint8_t {
  // ---- messages and lines
  MessageLost,
  MessageLate,
  MessageRepeated,
  GhostOfRankZero,  // what a dead rank 0 said comes to a starter
  GhostOfStarter,
  LineBroken,
  CableCut,
  CableMended,
  // ---- processes and hosts
  AgentLost,
  AgentStalled,
  StarterLost,
  StarterStalled,
  StarterBack,
  StarterUnseen,
  HostLost,
  HostBack,
  HostStalled,
  RankZeroLost,
  RankZeroStalled,
  OldRankZeroWoke,  // after its successor had claimed
  RankZeroSuperseded,
  // ---- files
  WriteCut,  // by the death of who wrote
  FileCut,   // by a power loss
  FileDamaged,
  DamageMet,
  StaleRead,
  DiskFailed,
  DiskHung,
  SnapshotMade,
  FoldedFromSnapshot,
  SegmentDeleted,  // that a snapshot covers
  // ---- what the scheduler had to do
  BacklogTakenBack,
  NodeGone,  // with nothing that had started
  WorkLost,  // with something
  GangGranted,
  GrantedAfter,
  TurnCame,        // what was before it has succeeded
  PredecessorBad,  // it has failed, was stopped, or came back
  ChainLost,       // with its node
  ChainTakenUp,    // by a new rank 0, from starters that live on
  ChainCancelled,  // before its turn
  PlanRevised,
  FailuresHeld,
  FailedReopened,
  OutOfMemory,
  CouldNotStart,
  TimedOut,
  Skipped,
  Cancelled,
  Terminated,
  Held,
  Released,
  Retried,
  PriorityChanged,
  Interrupted,
  // ---- checks
  StateCompared,
  DiskCompared,
  ReaderLooked,
  // ---- rank 0 met its fate, in the order of Doom
  DoomedBeforeWrite,
  DoomedBeforeSync,
  DoomedByPowerLoss,
  DoomedAfterSync,
  DoomedAfterOutput,
  DoomedToSleep,
};
inline constexpr std::size_t kSeenKinds = static_cast<std::size_t>(Seen::DoomedToSleep) + 1;

class Tally {
 public:
  void operator()(Seen what) { ++counts_[static_cast<std::size_t>(what)]; }
  void add(const Tally& other);
  std::string to_string() const;
  // Comma-separated: of the dooms, or of all else. Empty: all has happened.
  std::string missing(bool dooms) const;

 private:
  static std::string_view name(std::size_t what);
  std::array<std::uint64_t, kSeenKinds> counts_{};
};

}  // namespace mpibatch::fault
