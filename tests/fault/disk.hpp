// One process's view of the shared disk: every operation is a place to die, a sync may take its
// time, and the cluster's disk knows which host's unsynced bytes go with its power. It may be one
// whose clients keep things to themselves for a while, as those of NFS do.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mpibatch/base/filesystem.hpp>

#include "event_queue.hpp"
#include "random.hpp"
#include "support/memory_filesystem.hpp"
#include "tally.hpp"
#include "virtual_process.hpp"

namespace mpibatch::fault {

class ClusterDisk {
 public:
  ClusterDisk(EventQueue& events, Random& random, Tally& tally)
      : events_(events), random_(random), tally_(tally) {}
  testing::MemoryFileSystem& files() { return files_; }
  // From now on hosts see each other's bytes only once these are synced, or some time later, and
  // believe for a while that a name is what it was when they looked it up. Opening a folder, or a
  // change of one's own in it, asks anew.
  void delay_visibility() { delayed_ = true; }
  // What this host wrote and did not sync goes, wholly or in part.
  void lose_power(const void* host);
  // One bit of a byte that counts as synced flips, or flips back.
  void flip(const std::string& path, std::uint64_t offset);

  // ---- what one host does
  void created(const std::string& path, const void* host);
  void appended(const std::string& path);
  void cut_short() { tally_(Seen::WriteCut); }
  void synced(const std::string& path, const void* host);
  void changed(const std::string& path, const void* host);  // a name
  void opened_folder(const std::string& path, const void* host);
  Result<std::string> read(const std::string& path, std::uint64_t offset, std::uint64_t size_max,
                           const void* host);
  bool exists(const std::string& path, const void* host);

 private:
  struct Written {
    const void* host = nullptr;
    std::uint64_t visible = 0;  // to others
  };
  struct Belief {                        // what a look-up said
    std::optional<std::string> content;  // none: no such name
    Duration until{0};
  };
  // What the host believes of that name; null: it asks.
  const Belief* believed(const std::string& path, const void* host);
  std::uint64_t size(const std::string& path) const;

  EventQueue& events_;
  Random& random_;
  Tally& tally_;
  testing::MemoryFileSystem files_;
  bool delayed_ = false;
  std::map<std::string, Written> written_;
  std::map<std::pair<const void*, std::string>, Belief> beliefs_;
};

class ProcessDisk final : public FileSystem {
 public:
  ProcessDisk(ClusterDisk& cluster, VirtualProcess& process, const void* host)
      : cluster_(cluster), process_(process), host_(host) {}

  // While syncs are deferred they only note what they are to save; finish_syncs() makes it safe,
  // or says that the disk failed. Between the two the process may die.
  void defer_syncs(bool defer) { defer_ = defer; }
  Result<void> finish_syncs();
  bool deferring() const { return defer_; }

  Result<std::unique_ptr<File>> create_exclusive(const std::string& path) override;
  Result<std::string> read(const std::string& path, std::uint64_t offset,
                           std::uint64_t size_max) const override;
  Result<void> sync_file(const std::string& path) override;
  Result<void> sync_folder(const std::string& path) override;
  Result<void> link(const std::string& from, const std::string& to) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> make_folder(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) const override;
  bool exists(const std::string& path) const override;

 private:
  class OpenFile;
  struct Unsynced {
    std::shared_ptr<File> file;
    std::string path;
  };
  ClusterDisk& cluster_;
  VirtualProcess& process_;
  const void* host_;
  bool defer_ = false;
  std::vector<Unsynced> unsynced_;
};

}  // namespace mpibatch::fault
