// A disk that counts the bytes that are read from it; nobody writes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <mpibatch/base/filesystem.hpp>

namespace mpibatch::store {

class ReadCounter final : public FileSystem {
 public:
  explicit ReadCounter(const FileSystem& disk) : disk_(disk) {}
  std::uint64_t take() { return std::exchange(bytes_, 0); }

  Result<std::string> read(const std::string& path, std::uint64_t offset,
                           std::uint64_t size_max) const override {
    auto bytes = disk_.read(path, offset, size_max);
    if (bytes) bytes_ += bytes->size();
    return bytes;
  }
  Result<std::vector<std::string>> list(const std::string& folder) const override {
    return disk_.list(folder);
  }
  bool exists(const std::string& path) const override { return disk_.exists(path); }

  Result<std::unique_ptr<File>> create_exclusive(const std::string&) override { return refused(); }
  Result<void> sync_file(const std::string&) override { return refused(); }
  Result<void> sync_folder(const std::string&) override { return refused(); }
  Result<void> link(const std::string&, const std::string&) override { return refused(); }
  Result<void> rename(const std::string&, const std::string&) override { return refused(); }
  Result<void> remove(const std::string&) override { return refused(); }
  Result<void> make_folder(const std::string&) override { return refused(); }

 private:
  static tl::unexpected<Error> refused() { return fail(ErrorKind::System, "nobody writes"); }
  const FileSystem& disk_;
  mutable std::uint64_t bytes_ = 0;
};

}  // namespace mpibatch::store
