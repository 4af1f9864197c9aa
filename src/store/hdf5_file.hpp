// HDF5's C API with owners for its handles and errors as results. HDF5 keeps global state: one
// thread of a process at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hdf5.h>

#include <mpibatch/base/error.hpp>

namespace mpibatch::store {

class Hid {
 public:
  using Close = herr_t (*)(hid_t);
  Hid() = default;
  Hid(hid_t id, Close closes) : id_(id), close_(closes) {}
  Hid(Hid&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hid& operator=(Hid&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hid() {
    if (id_ >= 0) close_(id_);
  }
  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  bool close() { return id_ < 0 || close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

// HDF5's own provision for bytes of others at a file's begin; its tools skip them.
inline constexpr std::size_t kUserBlockSize = 512;

class Hdf5File {
 public:
  // In memory, since HDF5 crashes at the process's exit where the disk was full. `name` is for
  // messages.
  static Result<Hdf5File> create(const std::string& name);
  static Result<Hdf5File> open(const std::string& path);  // to read
  Result<std::string> image();                            // the whole file, closed, as bytes

  Result<void> make_group(const std::string& name);
  Result<void> write_attribute(const std::string& object, const char* name, std::uint64_t value);
  Result<void> write_attribute(const std::string& object, const char* name,
                               const std::string& value);
  bool has_attribute(const std::string& object, const char* name) const;
  Result<std::uint64_t> read_number(const std::string& object, const char* name) const;
  // A byte dataset, compressed, with its CRC-32C as an attribute.
  Result<void> write_bytes(const std::string& name, const std::string& bytes);
  Result<std::string> read_bytes(const std::string& name) const;

  hid_t id() const { return file_.get(); }
  tl::unexpected<Error> failure(const std::string& what) const;

 private:
  Hdf5File(Hid file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Hid file_;
  std::string path_;
};

struct Column {
  enum class Type : std::uint8_t { U8, U32, U64, I32, I64, F64, Text, LongText };
  std::string name;
  Type type = Type::U64;
  std::size_t width = 0;  // of Text: bytes; LongText has any length and is meant to be rare
};

// Writes a compound dataset row by row, chunked, gzip 1 and shuffle. Cells come in the columns'
// order.
class TableWriter {
 public:
  TableWriter(Hdf5File& file, std::string name, std::vector<Column> columns);
  TableWriter& number(std::uint64_t value);  // of any integer column
  TableWriter& real(double value);
  TableWriter& text(std::string_view value);  // longer than the column: cut at its width
  Result<void> end_row();
  Result<void> finish();

 private:
  Result<void> flush();
  Result<void> create(hsize_t chunk_rows);
  std::size_t offset_of(std::size_t column) const { return offsets_[column]; }

  Hdf5File& file_;
  const std::string name_;
  const std::vector<Column> columns_;
  std::vector<std::size_t> offsets_;
  std::size_t row_size_ = 0;
  std::size_t column_ = 0;
  std::string rows_;
  std::deque<std::string> long_texts_;  // that rows_ points to
  hsize_t rows_max_ = 0;                // in rows_
  hsize_t written_ = 0;
  Hid type_;
  Hid dataset_;
};

}  // namespace mpibatch::store
