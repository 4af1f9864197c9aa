#include "cli/rank_0.hpp"

#include <fmt/format.h>

#include <chrono>

#include <mpibatch/server/open_run.hpp>

namespace mpibatch::cli {

namespace {

constexpr Duration kPatience = std::chrono::seconds{3};  // its counter is raised every second

}  // namespace

Result<Rank0> find_rank_0(const FileSystem& files, const RunReading& run) {
  if (!run.view.owner) return Rank0{};
  Rank0 rank_0{*run.view.owner, run.view.owner_state == store::OwnerState::Alive};
  // Nobody drives a finished run: there is nothing to watch.
  if (run.view.owner_state == store::OwnerState::Unknown && !run.core().finished()) {
    const auto alive = server::rank_0_alive(files, run.folder, rank_0.owner, kPatience);
    if (!alive) return tl::unexpected(alive.error());
    rank_0.alive = *alive;
  }
  return rank_0;
}

std::string to_string(const Rank0& rank_0) {
  return fmt::format("rank 0 {} process {} on host '{}'", rank_0.alive ? "is" : "was",
                     rank_0.owner.pid, rank_0.owner.host);
}

}  // namespace mpibatch::cli
