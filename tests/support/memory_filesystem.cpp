#include "support/memory_filesystem.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>

namespace mpibatch::testing {

namespace {

std::string tried(const char* verb, const std::string& path) {
  return std::string("cannot ") + verb + " '" + path + "'";
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::string part;
  for (const char letter : path + "/") {
    if (letter != '/') {
      part.push_back(letter);
    } else if (!part.empty()) {
      parts.push_back(std::move(part));
      part.clear();
    }
  }
  return parts;
}

std::uint64_t pick(std::optional<std::mt19937_64>& random, std::uint64_t most) {
  return random ? (*random)() % (most + 1) : 0;
}

}  // namespace

class MemoryFileSystem::Handle final : public File {
 public:
  Handle(MemoryFileSystem& disk, NodePtr node, std::string path)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)), lives_(node_->lives) {}

  Result<void> append(std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    if (broken()) return fail_errno(tried("write to", path_), EIO);
    return disk_.append(*node_, path_, bytes);
  }
  Result<void> sync() override {
    const std::lock_guard lock(disk_.mutex_);
    if (broken()) return fail_errno(tried("sync", path_), EIO);
    return disk_.sync(*node_, path_);
  }
  Result<std::uint64_t> link_count() const override {
    const std::lock_guard lock(disk_.mutex_);
    if (broken()) return fail_errno(tried("look at", path_), EIO);
    return node_->links;
  }

 private:
  bool broken() const { return node_->lives != lives_; }

  MemoryFileSystem& disk_;
  NodePtr node_;
  std::string path_;
  std::uint64_t lives_;
};

MemoryFileSystem::MemoryFileSystem() : root_(std::make_shared<Node>()) { root_->folder = true; }
MemoryFileSystem::~MemoryFileSystem() = default;

MemoryFileSystem::NodePtr MemoryFileSystem::find(const std::string& path) const {
  NodePtr node = root_;
  for (const std::string& part : parts_of(path)) {
    const auto found = node->entries.find(part);
    if (found == node->entries.end()) return nullptr;
    node = found->second;
  }
  return node;
}

MemoryFileSystem::NodePtr MemoryFileSystem::parent(const std::string& path,
                                                   std::string& name) const {
  const std::size_t slash = path.rfind('/');
  name = path.substr(slash + 1);
  const NodePtr folder = find(path.substr(0, slash));
  return folder && folder->folder && !name.empty() ? folder : nullptr;
}

// One change of names that happens wholly or not at all.
void MemoryFileSystem::change(Node& folder, std::vector<Change> changes) {
  for (const auto& [name, node] : changes) {
    if (const auto old = folder.entries.find(name); old != folder.entries.end()) {
      if (!old->second->folder) --old->second->links;
      folder.entries.erase(old);
    }
    if (!node) continue;
    folder.entries[name] = node;
    if (!node->folder) ++node->links;
  }
  folder.unsynced.push_back(std::move(changes));
}

Result<std::unique_ptr<File>> MemoryFileSystem::create_exclusive(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::string name;
  const NodePtr folder = parent(path, name);
  if (!folder) return fail_errno(tried("create", path), ENOENT);
  if (folder->entries.contains(name)) return fail_errno(tried("create", path), EEXIST);
  auto node = std::make_shared<Node>();
  change(*folder, {{name, node}});
  return std::make_unique<Handle>(*this, std::move(node), path);
}

Result<std::string> MemoryFileSystem::read(const std::string& path, std::uint64_t offset,
                                           std::uint64_t size_max) const {
  const std::lock_guard lock(mutex_);
  const NodePtr node = find(path);
  if (!node) return fail_errno(tried("open", path), ENOENT);
  if (node->folder) return fail_errno(tried("read", path), EISDIR);
  if (offset >= node->content.size()) return std::string();
  return node->content.substr(offset, size_max);
}

Result<void> MemoryFileSystem::append(Node& node, const std::string& path, std::string_view bytes) {
  const std::uint64_t fits = std::min<std::uint64_t>(bytes.size(), room_);
  node.content.append(bytes.substr(0, fits));
  if (room_ != UINT64_MAX) room_ -= fits;
  if (fits < bytes.size()) return fail_errno(tried("write to", path), ENOSPC);
  return {};
}

bool MemoryFileSystem::sync_fails() { return std::exchange(fail_next_sync_, false); }

Result<void> MemoryFileSystem::sync(Node& node, const std::string& path) {
  if (sync_fails()) {
    node.sync_lost = true;
    return fail_errno(tried("sync", path), EIO);
  }
  if (!node.sync_lost) node.synced = node.content.size();
  ++syncs_;
  return {};
}

Result<void> MemoryFileSystem::sync_file(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const NodePtr node = find(path);
  if (!node || node->folder) return fail_errno(tried("open", path), ENOENT);
  return sync(*node, path);
}

Result<void> MemoryFileSystem::sync_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const NodePtr node = find(path);
  if (!node || !node->folder) return fail_errno(tried("open", path), ENOENT);
  if (sync_fails()) return fail_errno(tried("sync", path), EIO);
  node->durable = node->entries;
  node->unsynced.clear();
  return {};
}

Result<void> MemoryFileSystem::link(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const std::string what = tried("link", from) + " to '" + to + "'";
  const NodePtr node = find(from);
  std::string name;
  const NodePtr folder = parent(to, name);
  if (!node || node->folder || !folder) return fail_errno(what, ENOENT);
  if (folder->entries.contains(name)) return fail_errno(what, EEXIST);
  change(*folder, {{name, node}});
  return {};
}

Result<void> MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const std::string what = tried("rename", from) + " to '" + to + "'";
  std::string old_name;
  std::string new_name;
  const NodePtr old_folder = parent(from, old_name);
  const NodePtr new_folder = parent(to, new_name);
  if (!old_folder || !new_folder || !old_folder->entries.contains(old_name))
    return fail_errno(what, ENOENT);
  const NodePtr node = old_folder->entries[old_name];
  const auto target = new_folder->entries.find(new_name);
  if (target != new_folder->entries.end()) {
    if (target->second == node) return {};  // POSIX: two names of one file both stay
    if (target->second->folder) return fail_errno(what, ENOTEMPTY);
  }
  if (old_folder == new_folder) {
    change(*old_folder, {{new_name, node}, {old_name, nullptr}});
  } else {
    change(*new_folder, {{new_name, node}});
    change(*old_folder, {{old_name, nullptr}});
  }
  return {};
}

Result<void> MemoryFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::string name;
  const NodePtr folder = parent(path, name);
  if (!folder || !folder->entries.contains(name)) return fail_errno(tried("remove", path), ENOENT);
  const NodePtr node = folder->entries[name];
  if (node->folder && !node->entries.empty()) return fail_errno(tried("remove", path), ENOTEMPTY);
  change(*folder, {{name, nullptr}});
  return {};
}

Result<void> MemoryFileSystem::make_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  NodePtr node = root_;
  for (const std::string& part : parts_of(path)) {
    if (!node->entries.contains(part)) {
      auto made = std::make_shared<Node>();
      made->folder = true;
      change(*node, {{part, made}});
    }
    node = node->entries[part];
    if (!node->folder) return fail_errno(tried("make folder", path), ENOTDIR);
  }
  return {};
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& folder) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  const NodePtr node = find(folder);
  if (!node) return names;
  if (!node->folder) return fail_errno(tried("list", folder), ENOTDIR);
  for (const auto& [name, entry] : node->entries) names.push_back(name);
  return names;
}

bool MemoryFileSystem::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return find(path) != nullptr;
}

void MemoryFileSystem::crash_node(Node& node, Random& random, std::map<Node*, bool>& seen) {
  if (!seen.emplace(&node, true).second) return;
  if (!node.folder) {
    const std::uint64_t kept = node.synced + pick(random, node.content.size() - node.synced);
    node.content.resize(kept);
    // The size reached the disk, the last of the bytes did not.
    if (pick(random, 3) == 1) {
      const std::uint64_t zeros = pick(random, kept - node.synced);
      std::fill_n(node.content.end() - static_cast<std::ptrdiff_t>(zeros), zeros, '\0');
    }
    node.synced = kept;
    node.sync_lost = false;
    return;
  }
  const std::uint64_t kept = pick(random, node.unsynced.size());
  for (std::uint64_t i = 0; i < kept; ++i)
    for (const auto& [name, entry] : node.unsynced[i]) {
      node.durable.erase(name);
      if (entry) node.durable[name] = entry;
    }
  node.unsynced.clear();
  node.entries = node.durable;
  for (const auto& [name, entry] : node.entries) crash_node(*entry, random, seen);
}

void MemoryFileSystem::count_links() {
  std::vector<Node*> files;
  const std::function<void(Node&, bool)> visit = [&](Node& node, bool counts) {
    for (const auto& [name, entry] : node.entries) {
      if (entry->folder)
        visit(*entry, counts);
      else
        entry->links = counts ? entry->links + 1 : 0;
    }
  };
  visit(*root_, false);
  visit(*root_, true);
}

void MemoryFileSystem::crash_under(Random random, Handles handles, const std::string& under) {
  const std::lock_guard lock(mutex_);
  const NodePtr top = find(under);
  if (!top) return;
  // Before names are dropped: open files that lose theirs are hit as well.
  const std::function<void(Node&)> hit = [&](Node& node) {
    if (handles == Handles::Broken) ++node.lives;
    if (!node.folder) node.links = 0;
    for (const auto& [name, entry] : node.entries) hit(*entry);
  };
  hit(*top);
  std::map<Node*, bool> seen;
  crash_node(*top, random, seen);
  count_links();
}

void MemoryFileSystem::crash(std::uint64_t seed, Handles handles, const std::string& under) {
  crash_under(std::mt19937_64(seed), handles, under);
}

void MemoryFileSystem::crash_dropping_all(Handles handles) { crash_under({}, handles, "/"); }

void MemoryFileSystem::fail_after(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  room_ = bytes;
}

void MemoryFileSystem::fail_next_sync() {
  const std::lock_guard lock(mutex_);
  fail_next_sync_ = true;
}

void MemoryFileSystem::heal() {
  const std::lock_guard lock(mutex_);
  room_ = UINT64_MAX;
  fail_next_sync_ = false;
}

void MemoryFileSystem::overwrite(const std::string& path, std::string content) {
  const std::lock_guard lock(mutex_);
  const NodePtr node = find(path);
  if (!node || node->folder) return;
  node->content = std::move(content);
  node->synced = node->content.size();
}

void MemoryFileSystem::write_back(const std::string& path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const NodePtr node = find(path);
  if (!node || node->folder || node->sync_lost) return;
  node->synced = std::max(node->synced, std::min<std::uint64_t>(bytes, node->content.size()));
}

std::uint64_t MemoryFileSystem::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

}  // namespace mpibatch::testing
