// A disk in memory that tells synced from unsynced: crash() drops what nobody synced, a seed
// decides which part of it. It fills up and fails on demand. Same calls and seeds, same bytes. Any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <mpibatch/base/filesystem.hpp>

namespace mpibatch::testing {

// What becomes of files that were open when the power went.
enum class Handles {
  Broken,  // their process died with the disk: every call fails
  Kept,    // their process slept on another host and wakes: it goes on appending
};

class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  ~MemoryFileSystem() override;

  Result<std::unique_ptr<File>> create_exclusive(const std::string& path) override;
  Result<std::string> read(const std::string& path, std::uint64_t offset = 0,
                           std::uint64_t size_max = UINT64_MAX) const override;
  Result<void> sync_file(const std::string& path) override;
  Result<void> sync_folder(const std::string& path) override;
  Result<void> link(const std::string& from, const std::string& to) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> make_folder(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) const override;
  bool exists(const std::string& path) const override;

  // Power loss of everything below `under`: of each folder's unsynced changes a prefix survives, of
  // each file's unsynced bytes a prefix, at times with zeros at its end.
  void crash(std::uint64_t seed, Handles handles = Handles::Broken, const std::string& under = "/");
  // Power loss at its worst: nothing unsynced survives.
  void crash_dropping_all(Handles handles = Handles::Broken);
  // After this many more bytes the disk is full; what fits of an append is written.
  void fail_after(std::uint64_t bytes);
  // The next sync, of a file or a folder, fails; as on Linux a later one succeeds, yet what the
  // failed one was to save is never safe.
  void fail_next_sync();
  void heal();  // neither full nor failing
  // Replaces a file's content, as a failing disk does; all of it counts as synced.
  void overwrite(const std::string& path, std::string content);

  // The first `bytes` of a file are safe, as if a client had written them back by itself.
  void write_back(const std::string& path, std::uint64_t bytes);

  std::uint64_t syncs() const;  // successful ones of files, so far

 private:
  struct Node;
  class Handle;
  using NodePtr = std::shared_ptr<Node>;
  using Change = std::pair<std::string, NodePtr>;  // a name and what it means now; null: nothing
  struct Node {
    bool folder = false;
    // A file's.
    std::string content;
    std::uint64_t synced = 0;
    bool sync_lost = false;  // a failed sync: `synced` never grows again
    std::uint64_t links = 0;
    std::uint64_t lives = 0;  // crashes it went through
    // A folder's.
    std::map<std::string, NodePtr> entries;
    std::map<std::string, NodePtr> durable;
    std::vector<std::vector<Change>> unsynced;
  };
  using Random = std::optional<std::mt19937_64>;  // none: the worst case

  NodePtr find(const std::string& path) const;
  NodePtr parent(const std::string& path, std::string& name) const;
  void change(Node& folder, std::vector<Change> changes);
  Result<void> append(Node& node, const std::string& path, std::string_view bytes);
  Result<void> sync(Node& node, const std::string& path);
  bool sync_fails();
  void crash_node(Node& node, Random& random, std::map<Node*, bool>& seen);
  void crash_under(Random random, Handles handles, const std::string& under);
  void count_links();

  mutable std::mutex mutex_;
  NodePtr root_;
  std::uint64_t room_ = UINT64_MAX;
  bool fail_next_sync_ = false;
  std::uint64_t syncs_ = 0;
};

}  // namespace mpibatch::testing
