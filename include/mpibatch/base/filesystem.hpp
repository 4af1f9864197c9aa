// The seam to the disk. PosixFileSystem is the real one; tests and the simulator keep files in
// memory, lose what was not synced, fill up, and fail on demand. All paths are absolute. Any thread
// may call; one File has one user.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mpibatch/base/error.hpp>

namespace mpibatch {

class File {
 public:
  virtual ~File() = default;
  // Appends all of it, or fails; after a failure what was appended is unknown.
  virtual Result<void> append(std::string_view bytes) = 0;
  // What was appended survives a power loss. A failure is final: never retry, never acknowledge.
  virtual Result<void> sync() = 0;
  // Number of names that the file has left; 0: it was deleted, here or on another host.
  virtual Result<std::uint64_t> link_count() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Fails with Busy if the path exists.
  virtual Result<std::unique_ptr<File>> create_exclusive(const std::string& path) = 0;
  // The bytes from `offset` to the end, at most `size_max`; NotFound if there is no such file.
  virtual Result<std::string> read(const std::string& path, std::uint64_t offset = 0,
                                   std::uint64_t size_max = UINT64_MAX) const = 0;
  // Syncs an existing file's content by name.
  virtual Result<void> sync_file(const std::string& path) = 0;
  virtual Result<void> sync_folder(const std::string& path) = 0;
  // Fails with Busy if `to` exists.
  virtual Result<void> link(const std::string& from, const std::string& to) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> make_folder(
      const std::string& path) = 0;  // with its parents, mode 0700; existing is fine
  // Names in a folder, sorted; empty if there is no such folder.
  virtual Result<std::vector<std::string>> list(const std::string& folder) const = 0;
  virtual bool exists(const std::string& path) const = 0;
};

class PosixFileSystem final : public FileSystem {
 public:
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
};

}  // namespace mpibatch
