// What all parts of one simulated run share: hosts with clocks of their own, nodes, the disk, the
// truth, and the settings.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/model/node.hpp>
#include <mpibatch/protocol/frames.hpp>
#include <mpibatch/store/state_folder.hpp>

#include "disk.hpp"
#include "event_queue.hpp"
#include "history.hpp"
#include "random.hpp"
#include "tally.hpp"
#include "trace.hpp"
#include "truth.hpp"
#include "workload.hpp"

namespace mpibatch::fault {

class VirtualStarter;

struct Host {
  std::string name;
  unsigned boots = 1;
  bool up = true;
  Duration booted{0};       // true time
  Duration boot_offset{0};  // what CLOCK_BOOTTIME showed then
  Duration wall_skew{0};
  std::int64_t fast_ppm = 0;  // its clocks run this much fast

  std::string boot_id() const { return name + "-boot" + std::to_string(boots); }
  Duration boot(Duration now) const {
    const Duration passed = now - booted;
    return boot_offset + passed + passed * fast_ppm / 1'000'000;
  }
  // How long to wait, in true time, until the boot clock shows `at`.
  Duration wait_for(Duration at, Duration now) const {
    const Duration left = at - boot(now);
    return left <= Duration{0} ? Duration{0} : left - left * fast_ppm / 1'000'000 + Duration{1};
  }
};

struct Node {
  model::NodeName name;
  Host* host = nullptr;
  model::Resources capacity;
  std::vector<std::string> features;  // sorted
  VirtualStarter* starter = nullptr;  // the one that can be seen there
  bool cut = false;                   // from other hosts
  bool unseen_starters = false;       // the next starter there finds nothing of the one before it
  Duration doubt_until{0};            // boot clock: until then nobody can vouch for predecessors
};

struct Settings {
  Duration lease{0};
  Duration grace{0};
  Duration margin{std::chrono::seconds{2}};
  Duration patience{0};
  Duration sync_max{0};  // how long a sync may take
};

// What becomes of the rank 0 that writes a certain fact, counted over all epochs.
enum class Doom : std::uint8_t {
  BeforeWrite,  // it dies before the fact is in the file
  BeforeSync,   // … or when it is there, and not safe
  PowerLoss,    // … with what its host has not written back
  AfterSync,    // … when it is safe, and nobody has been told
  AfterOutput,  // … when what waited for it has left
  Sleep,        // it stands still with the fact safe, and wakes after its successor has begun
};
inline constexpr Doom kDooms[] = {Doom::BeforeWrite, Doom::BeforeSync,  Doom::PowerLoss,
                                  Doom::AfterSync,   Doom::AfterOutput, Doom::Sleep};
struct Fate {
  std::uint64_t fact = 0;
  Doom doom = Doom::BeforeWrite;
};

inline constexpr unsigned kGhostsKept = 200;  // of what was said
inline constexpr const char* kRun = "0123456789abcdef0123456789abcdef";
inline constexpr const char* kNonce = "nonce";

struct Cluster {
  Cluster(std::uint64_t seed, bool verbose);
  ~Cluster();

  Random random;
  EventQueue events;
  Trace trace;
  Tally tally;
  ClusterDisk disk;
  store::StateFolder folder{"/state"};
  Settings settings;
  std::vector<std::unique_ptr<Host>> hosts;
  std::vector<std::unique_ptr<Node>> nodes;
  std::unique_ptr<Workload> workload;
  std::unique_ptr<Truth> truth;
  std::unique_ptr<History> history;
  std::vector<std::unique_ptr<VirtualStarter>> starters;  // dead ones, too

  bool faults = true;  // may still happen
  struct Damage {
    std::string path;
    std::uint64_t offset = 0;
  };
  std::optional<Damage> damaged;  // of one file, until it is restored
  // A snapshot can be done without.
  bool may_be_unreadable() const {
    return damaged && !damaged->path.starts_with(folder.snapshots());
  }
  bool published = false;  // there is a state.h5, from now on always
  std::optional<Fate> fate;
  bool fate_met = false;
  std::function<void(Host&)> power_loss;      // when a fate asks for it …
  std::function<void()> asleep;               // … or its rank 0 sleeps
  std::function<void(model::JobId)> chained;  // something of it is to wait for its turn at a node
  unsigned late_messages = 0;                 // of a thousand
  unsigned repeated_messages = 0;
  std::deque<std::pair<Node*, protocol::DownMessage>> said_down;  // the last ones, for ghosts
  std::deque<protocol::UpMessage> said_up;

  Duration ms(std::int64_t low, std::int64_t high) {
    return random.skewed(Duration{low * 1000}, Duration{high * 1000});
  }
};

}  // namespace mpibatch::fault
