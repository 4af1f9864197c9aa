#include "disk.hpp"

namespace mpibatch::fault {

namespace {

constexpr Duration kBelievedMax = std::chrono::seconds{10};
constexpr Duration kWrittenBackAfterMax = std::chrono::seconds{5};

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Its old file lives on under another name, so that who believes in it can go on reading it.
bool outlives_its_name(const std::string& path) { return path.ends_with("/owner"); }

}  // namespace

std::uint64_t ClusterDisk::size(const std::string& path) const {
  const auto content = files_.read(path);
  return content ? content->size() : 0;
}

void ClusterDisk::lose_power(const void* host) {
  for (auto& [path, written] : written_) {
    if (written.host != host) continue;
    const std::uint64_t before = size(path);
    files_.crash(random_.next(), testing::Handles::Kept, path);
    if (const std::uint64_t after = size(path); after > 0 && after < before) tally_(Seen::FileCut);
    written.visible = std::min(written.visible, size(path));
  }
  std::erase_if(beliefs_, [&](const auto& entry) { return entry.first.first == host; });
}

void ClusterDisk::flip(const std::string& path, std::uint64_t offset) {
  auto content = files_.read(path);
  if (!content || offset >= content->size()) return;
  (*content)[offset] = static_cast<char>((*content)[offset] ^ 4);
  files_.overwrite(path, std::move(*content));
}

void ClusterDisk::created(const std::string& path, const void* host) {
  written_[path] = {host, 0};
  changed(path, host);
}

void ClusterDisk::appended(const std::string& path) {
  if (!delayed_) return;
  events_.after(random_.skewed(Duration{0}, kWrittenBackAfterMax),
                [this, path, bytes = size(path)] {
                  Written& written = written_[path];
                  written.visible = std::max(written.visible, std::min(bytes, size(path)));
                  files_.write_back(path, written.visible);
                });
}

// Nobody can make another host write back what only that one has.
void ClusterDisk::synced(const std::string& path, const void* host) {
  const auto written = written_.find(path);
  if (written != written_.end() && written->second.host == host)
    written->second.visible = size(path);
}

void ClusterDisk::changed(const std::string& path, const void* host) {
  beliefs_.erase({host, path});
  // The answer tells whether somebody else has changed the folder.
  if (delayed_ && random_.chance(500)) opened_folder(folder_of(path), host);
}

void ClusterDisk::opened_folder(const std::string& path, const void* host) {
  std::erase_if(beliefs_, [&](const auto& entry) {
    return entry.first.first == host && folder_of(entry.first.second) == path;
  });
}

const ClusterDisk::Belief* ClusterDisk::believed(const std::string& path, const void* host) {
  if (!delayed_) return nullptr;
  const auto found = beliefs_.find({host, path});
  if (found != beliefs_.end() && found->second.until > events_.now()) return &found->second;
  Belief fresh;
  if (auto content = files_.read(path)) fresh.content = std::move(*content);
  fresh.until = events_.now() + random_.between(Duration{0}, kBelievedMax);
  beliefs_[{host, path}] = std::move(fresh);
  return nullptr;
}

Result<std::string> ClusterDisk::read(const std::string& path, std::uint64_t offset,
                                      std::uint64_t size_max, const void* host) {
  if (const Belief* belief = believed(path, host)) {
    if (belief->content.has_value() != files_.exists(path)) tally_(Seen::StaleRead);
    if (!belief->content) return fail(ErrorKind::NotFound, "no '" + path + "' for all I know");
    if (outlives_its_name(path) && offset < belief->content->size())
      return belief->content->substr(offset, size_max);
  }
  const auto written = written_.find(path);
  const bool foreign = written != written_.end() && written->second.host != host;
  // What another host sees has left its writer's memory: that one's power takes it no more.
  if (foreign && !delayed_) files_.write_back(path, UINT64_MAX);
  if (!foreign || !delayed_) return files_.read(path, offset, size_max);
  const std::uint64_t visible = written->second.visible;
  if (visible < size(path)) tally_(Seen::StaleRead);
  if (offset >= visible && files_.exists(path)) return std::string();
  return files_.read(path, offset, std::min(size_max, visible - offset));
}

bool ClusterDisk::exists(const std::string& path, const void* host) {
  const Belief* belief = believed(path, host);
  return belief ? belief->content.has_value() : files_.exists(path);
}

class ProcessDisk::OpenFile final : public File {
 public:
  OpenFile(ProcessDisk& disk, std::shared_ptr<File> file, std::string path)
      : disk_(disk), file_(std::move(file)), path_(std::move(path)) {}
  Result<void> append(std::string_view bytes) override {
    // A write that a SIGKILL interrupts is cut anywhere.
    const std::size_t half = bytes.size() / 2;
    if (const Result<void> written = file_->append(bytes.substr(0, half)); !written) return written;
    disk_.cluster_.appended(path_);
    if (disk_.process_.dies_here()) disk_.cluster_.cut_short();
    disk_.process_.checkpoint();
    if (const Result<void> written = file_->append(bytes.substr(half)); !written) return written;
    disk_.cluster_.appended(path_);
    disk_.process_.checkpoint();
    return {};
  }
  Result<void> sync() override {
    disk_.process_.checkpoint();
    if (disk_.deferring()) {
      disk_.unsynced_.push_back({file_, path_});
      return {};
    }
    const Result<void> synced = file_->sync();
    if (synced) disk_.cluster_.synced(path_, disk_.host_);
    disk_.process_.checkpoint();
    return synced;
  }
  Result<std::uint64_t> link_count() const override { return file_->link_count(); }

 private:
  ProcessDisk& disk_;
  std::shared_ptr<File> file_;
  std::string path_;
};

Result<void> ProcessDisk::finish_syncs() {
  for (const Unsynced& one : std::exchange(unsynced_, {})) {
    if (const Result<void> synced = one.file->sync(); !synced) return synced;
    cluster_.synced(one.path, host_);
  }
  process_.checkpoint();
  return {};
}

Result<std::unique_ptr<File>> ProcessDisk::create_exclusive(const std::string& path) {
  process_.checkpoint();
  Result<std::unique_ptr<File>> file = cluster_.files().create_exclusive(path);
  if (!file) return file;
  cluster_.created(path, host_);
  process_.checkpoint();
  return std::make_unique<OpenFile>(*this, std::shared_ptr<File>(std::move(*file)), path);
}

Result<std::string> ProcessDisk::read(const std::string& path, std::uint64_t offset,
                                      std::uint64_t size_max) const {
  return cluster_.read(path, offset, size_max, host_);
}

Result<void> ProcessDisk::sync_file(const std::string& path) {
  process_.checkpoint();
  Result<void> synced = cluster_.files().sync_file(path);
  if (synced) cluster_.synced(path, host_);
  return synced;
}

Result<void> ProcessDisk::sync_folder(const std::string& path) {
  process_.checkpoint();
  return cluster_.files().sync_folder(path);
}

Result<void> ProcessDisk::link(const std::string& from, const std::string& to) {
  process_.checkpoint();
  const Result<void> linked = cluster_.files().link(from, to);
  if (linked) cluster_.changed(to, host_);
  process_.checkpoint();
  return linked;
}

Result<void> ProcessDisk::rename(const std::string& from, const std::string& to) {
  process_.checkpoint();
  const Result<void> renamed = cluster_.files().rename(from, to);
  cluster_.changed(from, host_);
  cluster_.changed(to, host_);
  process_.checkpoint();
  return renamed;
}

Result<void> ProcessDisk::remove(const std::string& path) {
  process_.checkpoint();
  Result<void> removed = cluster_.files().remove(path);
  cluster_.changed(path, host_);
  return removed;
}

Result<void> ProcessDisk::make_folder(const std::string& path) {
  return cluster_.files().make_folder(path);
}

Result<std::vector<std::string>> ProcessDisk::list(const std::string& folder) const {
  cluster_.opened_folder(folder, host_);
  return cluster_.files().list(folder);
}

bool ProcessDisk::exists(const std::string& path) const { return cluster_.exists(path, host_); }

}  // namespace mpibatch::fault
