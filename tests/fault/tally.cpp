#include "tally.hpp"

#include <fmt/format.h>

namespace mpibatch::fault {

std::string_view Tally::name(std::size_t what) {
  static constexpr std::array<std::string_view, kSeenKinds> kNames{
      "messages lost",
      "messages late",
      "messages repeated",
      "ghosts of rank 0",
      "ghosts of starters",
      "lines broken",
      "cables cut",
      "cables mended",
      "agents lost",
      "agents stalled",
      "starters lost",
      "starters stalled",
      "starters back",
      "starters unseen",
      "hosts lost",
      "hosts back",
      "hosts stalled",
      "rank 0 lost",
      "rank 0 stalled",
      "old rank 0 woke",
      "rank 0 superseded",
      "writes cut",
      "files cut",
      "files damaged",
      "damage met",
      "stale reads",
      "disks failed",
      "disks hung",
      "snapshots made",
      "folds from a snapshot",
      "covered segments deleted",
      "backlog taken back",
      "nodes gone",
      "nodes gone with work",
      "gangs granted",
      "grants behind others",
      "turns that came",
      "chains called off",
      "chains lost with a node",
      "chains taken up by a new rank 0",
      "chains cancelled before their turn",
      "plans revised",
      "holds by failures",
      "failed reopened",
      "ends for lack of memory",
      "attempts that could not start",
      "timeouts",
      "children skipped",
      "cancels",
      "terminations",
      "holds",
      "releases",
      "retries asked for",
      "priorities changed",
      "interrupts",
      "states compared",
      "states compared with the disk",
      "readers' looks",
      "dooms before a write",
      "dooms before a sync",
      "dooms by power loss",
      "dooms after a sync",
      "dooms after output",
      "dooms to sleep",
  };
  return kNames[what];
}

void Tally::add(const Tally& other) {
  for (std::size_t i = 0; i < kSeenKinds; ++i) counts_[i] += other.counts_[i];
}

std::string Tally::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < kSeenKinds; ++i)
    if (counts_[i] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts_[i], name(i));
  return text;
}

std::string Tally::missing(bool dooms) const {
  const auto first_doom = static_cast<std::size_t>(Seen::DoomedBeforeWrite);
  std::string text;
  for (std::size_t i = 0; i < kSeenKinds; ++i)
    if (counts_[i] == 0 && (i >= first_doom) == dooms)
      text += (text.empty() ? "" : ", ") + std::string(name(i));
  return text;
}

}  // namespace mpibatch::fault
