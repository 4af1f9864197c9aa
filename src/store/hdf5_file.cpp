#include "store/hdf5_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/crc32c.hpp>

namespace mpibatch::store {

namespace {

constexpr unsigned kGzipLevel = 1;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kMemoryStep = std::size_t{1} << 20;
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 36;

// The innermost message of HDF5's error stack: the one that says what the system said.
std::string innermost_error() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* error, void* to) -> herr_t {
        if (n == 0 && error->desc != nullptr) *static_cast<std::string*>(to) = error->desc;
        return 0;
      },
      &text);
  return text.empty() ? "HDF5 does not say why" : text;
}

// Published files are never written again, and network file systems often refuse the locks.
Hid access_without_locking() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  Hid access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
#if H5_VERSION_GE(1, 10, 7)
  H5Pset_file_locking(access.get(), false, true);
#else
  ::setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);  // read at each open
#endif
  return access;
}

Hid text_type(std::size_t size) {
  Hid type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), size);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

Hid chunked(hsize_t chunk) {
  Hid properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(properties.get(), false);
  H5Pset_chunk(properties.get(), 1, &chunk);
  H5Pset_shuffle(properties.get());
  H5Pset_deflate(properties.get(), kGzipLevel);
  return properties;
}

std::size_t width_of(const Column& column) {
  switch (column.type) {
    case Column::Type::U8:
      return 1;
    case Column::Type::U32:
    case Column::Type::I32:
      return 4;
    case Column::Type::U64:
    case Column::Type::I64:
    case Column::Type::F64:
      return 8;
    case Column::Type::Text:
      return column.width + 1;  // its end is a zero: h5dump prints padding
    case Column::Type::LongText:
      return sizeof(const char*);
  }
  return 0;
}

Hid type_of(const Column& column) {
  switch (column.type) {
    case Column::Type::U8:
      return {H5Tcopy(H5T_STD_U8LE), H5Tclose};
    case Column::Type::U32:
      return {H5Tcopy(H5T_STD_U32LE), H5Tclose};
    case Column::Type::I32:
      return {H5Tcopy(H5T_STD_I32LE), H5Tclose};
    case Column::Type::U64:
      return {H5Tcopy(H5T_STD_U64LE), H5Tclose};
    case Column::Type::I64:
      return {H5Tcopy(H5T_STD_I64LE), H5Tclose};
    case Column::Type::F64:
      return {H5Tcopy(H5T_IEEE_F64LE), H5Tclose};
    case Column::Type::Text:
      return text_type(width_of(column));
    case Column::Type::LongText:
      return text_type(H5T_VARIABLE);
  }
  return {};
}

}  // namespace

tl::unexpected<Error> Hdf5File::failure(const std::string& what) const {
  return fail(ErrorKind::System, "cannot " + what + " in '" + path_ + "': " + innermost_error());
}

Result<Hdf5File> Hdf5File::create(const std::string& name) {
  const Hid access = access_without_locking();
  H5Pset_fapl_core(access.get(), kMemoryStep, false);
  const Hid creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_userblock(creation.get(), kUserBlockSize);
  Hid file(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose);
  if (!file) return fail(ErrorKind::System, "cannot prepare '" + name + "': " + innermost_error());
  return Hdf5File(std::move(file), name);
}

Result<Hdf5File> Hdf5File::open(const std::string& path) {
  const Hid access = access_without_locking();
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail_errno("cannot open '" + path + "'", errno);
  Hid file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file)
    return fail(ErrorKind::Damaged, "'" + path + "' is no HDF5 file: " + innermost_error());
  return Hdf5File(std::move(file), path);
}

Result<std::string> Hdf5File::image() {
  if (H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) < 0) return failure("complete everything");
  const ssize_t size = H5Fget_file_image(file_.get(), nullptr, 0);
  std::string bytes(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  if (size < static_cast<ssize_t>(kUserBlockSize) ||
      H5Fget_file_image(file_.get(), bytes.data(), bytes.size()) != size)
    return failure("collect everything");
  return bytes;
}

Result<void> Hdf5File::make_group(const std::string& name) {
  const Hid group(H5Gcreate2(file_.get(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                  H5Gclose);
  if (!group) return failure("make group " + name);
  return {};
}

Result<void> Hdf5File::write_attribute(const std::string& object, const char* name,
                                       std::uint64_t value) {
  const Hid space(H5Screate(H5S_SCALAR), H5Sclose);
  const Hid attribute(H5Acreate_by_name(file_.get(), object.c_str(), name, H5T_STD_U64LE,
                                        space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                      H5Aclose);
  if (!attribute || H5Awrite(attribute.get(), H5T_NATIVE_UINT64, &value) < 0)
    return failure(std::string("write attribute ") + name);
  return {};
}

Result<void> Hdf5File::write_attribute(const std::string& object, const char* name,
                                       const std::string& value) {
  const Hid space(H5Screate(H5S_SCALAR), H5Sclose);
  const Hid type = text_type(H5T_VARIABLE);
  const char* const text = value.c_str();
  const Hid attribute(H5Acreate_by_name(file_.get(), object.c_str(), name, type.get(), space.get(),
                                        H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                      H5Aclose);
  if (!attribute || H5Awrite(attribute.get(), type.get(), &text) < 0)
    return failure(std::string("write attribute ") + name);
  return {};
}

bool Hdf5File::has_attribute(const std::string& object, const char* name) const {
  return H5Aexists_by_name(file_.get(), object.c_str(), name, H5P_DEFAULT) > 0;
}

Result<std::uint64_t> Hdf5File::read_number(const std::string& object, const char* name) const {
  const Hid attribute(H5Aopen_by_name(file_.get(), object.c_str(), name, H5P_DEFAULT, H5P_DEFAULT),
                      H5Aclose);
  const Hid space(attribute ? H5Aget_space(attribute.get()) : -1, H5Sclose);
  std::uint64_t value = 0;
  if (!space || H5Sget_simple_extent_npoints(space.get()) != 1 ||
      H5Aread(attribute.get(), H5T_NATIVE_UINT64, &value) < 0)
    return fail(ErrorKind::Damaged, "'" + path_ + "' has no attribute " + name + " at " + object);
  return value;
}

Result<void> Hdf5File::write_bytes(const std::string& name, const std::string& bytes) {
  const hsize_t size = bytes.size();
  const Hid space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const Hid properties = chunked(std::clamp<hsize_t>(size, 1, kChunkBytes));
  {
    const Hid dataset(H5Dcreate2(file_.get(), name.c_str(), H5T_STD_U8LE, space.get(), H5P_DEFAULT,
                                 properties.get(), H5P_DEFAULT),
                      H5Dclose);
    if (!dataset ||
        H5Dwrite(dataset.get(), H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0)
      return failure("write " + name);
  }
  return write_attribute(name, "crc32c", crc32c(bytes));
}

Result<std::string> Hdf5File::read_bytes(const std::string& name) const {
  const Hid dataset(H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
  const Hid space(dataset ? H5Dget_space(dataset.get()) : -1, H5Sclose);
  hsize_t size = 0;
  const bool plain = space && H5Sget_simple_extent_ndims(space.get()) == 1 &&
                     H5Sget_simple_extent_dims(space.get(), &size, nullptr) == 1;
  if (!plain || size > kBytesMax)
    return fail(ErrorKind::Damaged, "'" + path_ + "' has no bytes in " + name);
  std::string bytes(size, '\0');
  if (H5Dread(dataset.get(), H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0)
    return fail(ErrorKind::Damaged,
                "cannot read " + name + " of '" + path_ + "': " + innermost_error());
  const auto crc = read_number(name, "crc32c");
  if (!crc) return tl::unexpected(crc.error());
  if (*crc != crc32c(bytes))
    return fail(ErrorKind::Damaged, "the checksum of " + name + " in '" + path_ + "' is wrong");
  return bytes;
}

// ---- tables

TableWriter::TableWriter(Hdf5File& file, std::string name, std::vector<Column> columns)
    : file_(file), name_(std::move(name)), columns_(std::move(columns)) {
  for (const Column& column : columns_) {
    offsets_.push_back(row_size_);
    row_size_ += width_of(column);
  }
  rows_max_ = std::clamp<hsize_t>(kChunkBytes / row_size_, 1, 65'536);
  type_ = Hid(H5Tcreate(H5T_COMPOUND, row_size_), H5Tclose);
  for (std::size_t i = 0; i < columns_.size(); ++i)
    H5Tinsert(type_.get(), columns_[i].name.c_str(), offsets_[i], type_of(columns_[i]).get());
}

TableWriter& TableWriter::number(std::uint64_t value) {
  MPIBATCH_CHECK(column_ < columns_.size() && columns_[column_].type < Column::Type::F64);
  const std::size_t width = width_of(columns_[column_++]);
  for (std::size_t i = 0; i < width; ++i) rows_.push_back(static_cast<char>(value >> (8 * i)));
  return *this;
}

TableWriter& TableWriter::real(double value) {
  MPIBATCH_CHECK(column_ < columns_.size() && columns_[column_].type == Column::Type::F64);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  for (std::size_t i = 0; i < sizeof bits; ++i) rows_.push_back(static_cast<char>(bits >> (8 * i)));
  ++column_;
  return *this;
}

TableWriter& TableWriter::text(std::string_view value) {
  MPIBATCH_CHECK(column_ < columns_.size() && columns_[column_].type >= Column::Type::Text);
  const Column& column = columns_[column_++];
  if (column.type == Column::Type::LongText) {
    const char* const kept = long_texts_.emplace_back(value).c_str();
    rows_.append(reinterpret_cast<const char*>(&kept), sizeof kept);
    return *this;
  }
  const std::size_t width = width_of(column);
  const std::string_view cut = value.substr(0, width - 1);
  rows_.append(cut);
  rows_.append(width - cut.size(), '\0');
  return *this;
}

Result<void> TableWriter::end_row() {
  MPIBATCH_CHECK(column_ == columns_.size());
  column_ = 0;
  if (rows_.size() / row_size_ < rows_max_) return {};
  return flush();
}

// A table of few rows gets a chunk of its size.
Result<void> TableWriter::create(hsize_t chunk_rows) {
  const hsize_t none = 0;
  const hsize_t unlimited = H5S_UNLIMITED;
  const Hid space(H5Screate_simple(1, &none, &unlimited), H5Sclose);
  const Hid properties = chunked(std::max<hsize_t>(chunk_rows, 1));
  dataset_ = Hid(H5Dcreate2(file_.id(), name_.c_str(), type_.get(), space.get(), H5P_DEFAULT,
                            properties.get(), H5P_DEFAULT),
                 H5Dclose);
  if (!dataset_) return file_.failure("make table " + name_);
  return {};
}

Result<void> TableWriter::flush() {
  const hsize_t count = rows_.size() / row_size_;
  if (!dataset_)
    if (auto done = create(count); !done) return done;
  if (count == 0) return {};
  const hsize_t total = written_ + count;
  if (H5Dset_extent(dataset_.get(), &total) < 0) return file_.failure("extend " + name_);
  const Hid where(H5Dget_space(dataset_.get()), H5Sclose);
  const Hid memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
  if (!where ||
      H5Sselect_hyperslab(where.get(), H5S_SELECT_SET, &written_, nullptr, &count, nullptr) < 0 ||
      H5Dwrite(dataset_.get(), type_.get(), memory.get(), where.get(), H5P_DEFAULT, rows_.data()) <
          0)
    return file_.failure("write " + name_);
  written_ = total;
  rows_.clear();
  long_texts_.clear();
  return {};
}

Result<void> TableWriter::finish() {
  if (auto done = flush(); !done) return done;
  if (!dataset_.close()) return file_.failure("close " + name_);
  return {};
}

}  // namespace mpibatch::store
