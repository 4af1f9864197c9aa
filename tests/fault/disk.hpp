// One process's view of the shared disk: every operation is a place to die, a sync may take its
// time, and the cluster's disk knows which host's unsynced bytes go with its power.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <mpibatch/base/filesystem.hpp>

#include "random.hpp"
#include "support/memory_filesystem.hpp"
#include "virtual_process.hpp"

namespace mpibatch::fault {

class ClusterDisk {
 public:
  explicit ClusterDisk(Random& random) : random_(random) {}
  testing::MemoryFileSystem& files() { return files_; }
  void written_by(const std::string& path, const void* host) { writers_[path] = host; }
  // What another host sees has left its writer's memory: that one's power takes it no more.
  void seen_by(const std::string& path, const void* host);
  // What this host wrote and did not sync goes, wholly or in part.
  void lose_power(const void* host);

 private:
  Random& random_;
  testing::MemoryFileSystem files_;
  std::map<std::string, const void*> writers_;
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
  ClusterDisk& cluster_;
  VirtualProcess& process_;
  const void* host_;
  bool defer_ = false;
  std::vector<std::shared_ptr<File>> unsynced_;
};

}  // namespace mpibatch::fault
