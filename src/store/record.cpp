#include "store/record.hpp"

#include <algorithm>
#include <array>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/crc32c.hpp>

namespace mpibatch::store {

namespace {

constexpr std::string_view kMagic = "mpib";
constexpr std::size_t kReadSize = std::size_t{4} << 20;
constexpr std::uint32_t kMarkLength = 1 + 8;
constexpr std::size_t kMarkSize = kFrameSize + kMarkLength;

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= std::uint32_t{static_cast<std::uint8_t>(bytes[at + i])} << (8 * i);
  return value;
}

template <std::size_t Size>
std::array<char, Size> little_endian(std::uint64_t value) {
  std::array<char, Size> bytes{};
  for (std::size_t i = 0; i < Size; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

// Of the length and of kind and payload, which stand before and behind it.
std::uint32_t frame_crc(std::string_view length, std::string_view body) {
  return crc32c(body, crc32c(length));
}

bool mark_at(std::string_view bytes, std::uint64_t offset) {
  if (bytes.size() < kMarkSize || u32_at(bytes, 0) != kMarkLength) return false;
  if (bytes[kFrameSize] != static_cast<char>(RecordKind::Mark)) return false;
  const auto own = little_endian<8>(offset);
  if (bytes.substr(kFrameSize + 1, 8) != std::string_view(own.data(), own.size())) return false;
  return u32_at(bytes, 4) == frame_crc(bytes.substr(0, 4), bytes.substr(kFrameSize, kMarkLength));
}

}  // namespace

std::string file_header(FileKind kind) {
  std::string bytes(kMagic);
  const auto version = little_endian<2>(format_versions(kind).newest);
  bytes.append(version.data(), version.size());
  bytes.push_back(static_cast<char>(kind));
  bytes.push_back('\0');
  const auto crc = little_endian<4>(crc32c(bytes));
  bytes.append(crc.data(), crc.size());
  return bytes;
}

void append_record(std::string& to, RecordKind kind, std::string_view payload) {
  MPIBATCH_CHECK(payload.size() < kRecordLengthMax);
  const std::size_t start = to.size();
  const auto length = little_endian<4>(payload.size() + 1);
  to.append(length.data(), length.size());
  to.append(4, '\0');
  to.push_back(static_cast<char>(kind));
  to.append(payload);
  const auto crc = little_endian<4>(frame_crc(std::string_view(length.data(), length.size()),
                                              std::string_view(to).substr(start + kFrameSize)));
  to.replace(start + 4, crc.size(), crc.data(), crc.size());
}

// ---- writer

Result<void> RecordWriter::failed(const Error& error) {
  failure_ = error;
  buffer_ = {};
  return tl::unexpected(error);
}

void RecordWriter::append(RecordKind kind, std::string_view payload) {
  if (payload.size() < kRecordLengthMax) return append_record(buffer_, kind, payload);
  too_long_ = true;
}

Result<void> RecordWriter::write() {
  if (failure_)
    return fail(ErrorKind::Closed, "nothing is written to '" + path_ +
                                       "' any more after an earlier failure: " + failure_->message);
  if (too_long_)
    return failed({ErrorKind::Usage, "a record of '" + path_ + "' would be longer than 1 GiB: " +
                                         "split the plan into several runs"});
  if (buffer_.empty()) return {};
  if (auto done = file_->append(buffer_); !done) return failed(done.error());
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<void> RecordWriter::commit() {
  if (auto done = write(); !done) return done;
  if (written_ == synced_) return {};
  if (auto done = file_->sync(); !done) return failed(done.error());
  const auto offset = little_endian<8>(written_);
  std::string mark;
  append_record(mark, RecordKind::Mark, std::string_view(offset.data(), offset.size()));
  // What was asked for is safe; that the mark cannot be written is the next call's error.
  if (auto done = file_->append(mark); !done) {
    (void)failed(done.error());
    return {};
  }
  written_ += mark.size();
  synced_ = written_;
  return {};
}

// ---- reader

RecordReader::RecordReader(const FileSystem& files, std::string path, FileKind kind,
                           std::uint64_t offset, std::uint64_t limit)
    : files_(files), path_(std::move(path)), kind_(kind), limit_(limit), base_(offset) {}

tl::unexpected<Error> RecordReader::damaged(std::uint64_t byte, const std::string& what) const {
  return fail(ErrorKind::Damaged, "'" + path_ + "' is damaged at byte " + std::to_string(byte) +
                                      ": " + what +
                                      ". Restore the file from a copy, or start anew with --fresh");
}

Result<bool> RecordReader::fill(std::size_t size) {
  while (buffer_.size() - used_ < size && !at_end_) {
    buffer_.erase(0, used_);
    base_ += used_;
    used_ = 0;
    const std::uint64_t from = base_ + buffer_.size();
    const std::uint64_t left = limit_ > from ? limit_ - from : 0;
    const std::uint64_t ahead = ahead_ > from ? ahead_ - from : 0;
    const std::uint64_t missing = size - buffer_.size();
    const std::uint64_t want =
        std::min(std::max(std::min<std::uint64_t>(kReadSize, ahead), missing), left);
    const auto bytes = files_.read(path_, from, want);
    if (!bytes) return tl::unexpected(bytes.error());
    at_end_ = bytes->size() < want || want == left;
    buffer_ += *bytes;
  }
  return buffer_.size() - used_ >= size;
}

void RecordReader::skip_to(std::uint64_t offset) {
  if (stopped_ || offset <= this->offset()) return;
  if (offset - base_ <= buffer_.size()) {
    used_ = offset - base_;
    return;
  }
  base_ = offset;
  used_ = 0;
  buffer_.clear();
  at_end_ = false;
}

Result<bool> RecordReader::skip_to_mark(std::uint64_t offset) {
  if (stopped_ || offset < this->offset() || offset > limit_ || limit_ - offset < kMarkSize)
    return false;
  const auto bytes = files_.read(path_, offset, kMarkSize);
  if (!bytes) return tl::unexpected(bytes.error());
  if (!mark_at(*bytes, offset)) return false;
  skip_to(offset);
  return true;
}

Result<bool> RecordReader::header() {
  const auto filled = fill(kHeaderSize);
  if (!filled) return filled;
  const std::string_view bytes = unread().substr(0, *filled ? kHeaderSize : 0);
  if (*filled && bytes.starts_with(kMagic) && u32_at(bytes, 8) == crc32c(bytes.substr(0, 8))) {
    const FormatVersions known = format_versions(kind_);
    const unsigned version = u32_at(bytes, 4) & 0xFFFFU;
    const std::uint32_t kind = u32_at(bytes, 4) >> 16U;
    if (kind != static_cast<std::uint32_t>(kind_))
      return damaged(6, "it is a file of another kind");
    if (version < known.oldest || version > known.newest)
      return fail(ErrorKind::Damaged, "'" + path_ + "' has format version " +
                                          std::to_string(version) + ", this program reads " +
                                          std::to_string(known.newest) +
                                          ": use the mpibatch that wrote it");
    used_ += kHeaderSize;
    return true;
  }
  if (auto done = stop("its header is not what was written"); !done)
    return tl::unexpected(done.error());
  return false;
}

Result<bool> RecordReader::good_record() {
  const char* flaw = nullptr;
  const auto framed = fill(kFrameSize + 1);
  if (!framed) return framed;
  if (!*framed) {
    flaw = "a record is cut off";
  } else if (const std::uint64_t length = u32_at(unread(), 0);
             length == 0 || length > kRecordLengthMax) {
    flaw = "a record has an impossible length";
  } else {
    const auto filled = fill(kFrameSize + length);
    if (!filled) return filled;
    const std::string_view bytes = unread().substr(0, kFrameSize + length);
    if (!*filled)
      flaw = "a record is cut off";
    else if (u32_at(bytes, 4) != frame_crc(bytes.substr(0, 4), bytes.substr(kFrameSize)))
      flaw = "a record's checksum is wrong";
  }
  if (flaw == nullptr) return true;
  if (auto done = stop(flaw); !done) return tl::unexpected(done.error());
  return false;
}

Result<std::optional<RecordView>> RecordReader::next() {
  while (!stopped_) {
    const bool at_start = offset() == 0;
    const auto good = at_start ? header() : good_record();
    if (!good) return tl::unexpected(good.error());
    if (!*good || at_start) continue;
    const std::size_t size = kFrameSize + u32_at(unread(), 0);
    const std::string_view bytes = unread().substr(0, size);
    RecordView record{static_cast<RecordKind>(bytes[kFrameSize]), bytes.substr(kFrameSize + 1),
                      offset(), offset() + size};
    used_ += size;
    if (record.kind != RecordKind::Mark) return record;
    mark_ = record.offset;
  }
  return std::nullopt;
}

// What cannot be read is the end, a tail, or damage. A file that grows may have been looked at in
// the middle of a write: where a mark stands behind, the record is read once more.
Result<void> RecordReader::stop(const std::string& what) {
  const std::uint64_t at = offset();
  const bool bounded = limit_ != UINT64_MAX;
  stopped_ = true;
  if (at_end_ && unread().empty() && (!bounded || at == limit_)) return {};
  if (bounded) return damaged(at, what + ", where a later epoch found good records");
  const auto marked = marked_later();
  if (!marked) return tl::unexpected(marked.error());
  if (!*marked) return {};
  if (read_again_ == at) return damaged(at, what + ", although a later mark says it was synced");
  read_again_ = at;
  base_ = at;
  used_ = 0;
  buffer_.clear();
  at_end_ = false;
  stopped_ = false;
  return {};
}

// Looks at what follows, as it is on the disk now.
Result<bool> RecordReader::marked_later() const {
  RecordReader ahead(files_, path_, kind_, offset());
  for (;;) {
    const auto filled = ahead.fill(kMarkSize);
    if (!filled) return filled;
    if (!*filled) return false;
    const std::string_view bytes = ahead.unread();
    std::size_t at = 0;
    for (; at + kMarkSize <= bytes.size(); ++at)
      if (mark_at(bytes.substr(at), ahead.offset() + at)) return true;
    ahead.used_ += at;
  }
}

// ---- small files

Result<void> write_whole(FileSystem& files, const std::string& path, FileKind kind,
                         std::string_view payload, bool sync) {
  const std::string temporary = path + ".tmp";
  if (files.exists(temporary)) (void)files.remove(temporary);  // of a writer that died
  std::string bytes = file_header(kind);
  append_record(bytes, RecordKind::Whole, payload);
  {
    auto file = files.create_exclusive(temporary);
    if (!file) return tl::unexpected(file.error());
    Result<void> done = (*file)->append(bytes);
    if (done && sync) done = (*file)->sync();
    if (!done) {
      (void)files.remove(temporary);
      return done;
    }
  }
  return files.rename(temporary, path);
}

Result<std::string> read_whole(const FileSystem& files, const std::string& path, FileKind kind) {
  RecordReader reader(files, path, kind);
  const auto record = reader.next();
  if (!record) return tl::unexpected(record.error());
  if (!*record || (*record)->kind != RecordKind::Whole)
    return reader.damaged(reader.offset(), "it is cut off or overwritten");
  return std::string((*record)->payload);
}

}  // namespace mpibatch::store
