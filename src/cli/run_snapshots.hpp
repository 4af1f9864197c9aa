// Keeps state.h5 fresh: starts `mpibatch compact` as a process of its own, one at a time, which
// dies with this one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include <mpibatch/store/journal.hpp>

namespace mpibatch::cli {

class Snapshots {
 public:
  // `recovered`: an earlier epoch left facts, so the first snapshot is due at once.
  Snapshots(std::string executable, std::string state_folder, bool recovered);
  ~Snapshots();  // waits for the one that is being made
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;

  // About once a second. A snapshot holds facts up to `synced`: later ones may still be undone.
  void journal_grew(std::uint64_t bytes, store::FactNumber synced);
  bool make_last();  // and waits; false: it failed, the journal alone has the state

 private:
  bool start(std::optional<store::FactNumber> upto);  // none: all there is
  bool reap(bool wait);

  const std::string executable_;
  const std::string state_folder_;
  bool due_;
  pid_t running_ = -1;
  std::uint64_t covered_bytes_ = 0;
  int calls_ = 0;
  bool last_good_ = true;
};

}  // namespace mpibatch::cli
