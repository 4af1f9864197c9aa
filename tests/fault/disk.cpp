#include "disk.hpp"

namespace mpibatch::fault {

void ClusterDisk::lose_power(const void* host) {
  for (const auto& [path, writer] : writers_)
    if (writer == host) files_.crash(random_.next(), testing::Handles::Kept, path);
}

void ClusterDisk::seen_by(const std::string& path, const void* host) {
  const auto writer = writers_.find(path);
  if (writer != writers_.end() && writer->second != host) (void)files_.sync_file(path);
}

class ProcessDisk::OpenFile final : public File {
 public:
  OpenFile(ProcessDisk& disk, std::shared_ptr<File> file) : disk_(disk), file_(std::move(file)) {}
  Result<void> append(std::string_view bytes) override {
    // A write that a SIGKILL interrupts is cut anywhere.
    const std::size_t half = bytes.size() / 2;
    if (const Result<void> written = file_->append(bytes.substr(0, half)); !written) return written;
    disk_.process_.checkpoint();
    if (const Result<void> written = file_->append(bytes.substr(half)); !written) return written;
    disk_.process_.checkpoint();
    return {};
  }
  Result<void> sync() override {
    disk_.process_.checkpoint();
    if (disk_.deferring()) {
      disk_.unsynced_.push_back(file_);
      return {};
    }
    const Result<void> synced = file_->sync();
    disk_.process_.checkpoint();
    return synced;
  }
  Result<std::uint64_t> link_count() const override { return file_->link_count(); }

 private:
  ProcessDisk& disk_;
  std::shared_ptr<File> file_;
};

Result<void> ProcessDisk::finish_syncs() {
  for (const std::shared_ptr<File>& file : std::exchange(unsynced_, {}))
    if (const Result<void> synced = file->sync(); !synced) return synced;
  process_.checkpoint();
  return {};
}

Result<std::unique_ptr<File>> ProcessDisk::create_exclusive(const std::string& path) {
  process_.checkpoint();
  Result<std::unique_ptr<File>> file = cluster_.files().create_exclusive(path);
  if (!file) return file;
  cluster_.written_by(path, host_);
  process_.checkpoint();
  return std::make_unique<OpenFile>(*this, std::shared_ptr<File>(std::move(*file)));
}

Result<std::string> ProcessDisk::read(const std::string& path, std::uint64_t offset,
                                      std::uint64_t size_max) const {
  cluster_.seen_by(path, host_);
  return cluster_.files().read(path, offset, size_max);
}

Result<void> ProcessDisk::sync_file(const std::string& path) {
  process_.checkpoint();
  return cluster_.files().sync_file(path);
}

Result<void> ProcessDisk::sync_folder(const std::string& path) {
  process_.checkpoint();
  return cluster_.files().sync_folder(path);
}

Result<void> ProcessDisk::link(const std::string& from, const std::string& to) {
  process_.checkpoint();
  const Result<void> linked = cluster_.files().link(from, to);
  process_.checkpoint();
  return linked;
}

Result<void> ProcessDisk::rename(const std::string& from, const std::string& to) {
  process_.checkpoint();
  const Result<void> renamed = cluster_.files().rename(from, to);
  process_.checkpoint();
  return renamed;
}

Result<void> ProcessDisk::remove(const std::string& path) {
  process_.checkpoint();
  return cluster_.files().remove(path);
}

Result<void> ProcessDisk::make_folder(const std::string& path) {
  return cluster_.files().make_folder(path);
}

Result<std::vector<std::string>> ProcessDisk::list(const std::string& folder) const {
  return cluster_.files().list(folder);
}

bool ProcessDisk::exists(const std::string& path) const { return cluster_.files().exists(path); }

}  // namespace mpibatch::fault
