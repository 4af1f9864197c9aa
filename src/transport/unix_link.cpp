#include "transport/unix_link.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include <mpibatch/base/check.hpp>

namespace mpibatch::transport {

namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
// Of one sendmsg; more than a socket's buffer takes.
constexpr std::size_t kFramesAtOnce = 64;
constexpr std::size_t kWriteBytes = std::size_t{512} << 10;

}  // namespace

bool FrameDecoder::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (header_size_ < kHeaderBytes) {
      header_[header_size_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (header_size_ < kHeaderBytes) continue;
      body_size_ = 0;
      for (std::size_t i = 0; i < kHeaderBytes; ++i)
        body_size_ |= std::size_t{header_[i]} << (8 * i);
      if (body_size_ > kMessageBytesMax) return false;
      if (body_size_ == 0) finish_message();
      continue;
    }
    const std::size_t size = std::min(bytes.size(), body_size_ - body_.size());
    body_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (body_.size() == body_size_) finish_message();
  }
  return true;
}

void FrameDecoder::finish_message() {
  ready_bytes_ += body_.size() + kHeaderBytes;
  ready_.push_back(std::exchange(body_, {}));
  header_size_ = 0;
}

std::optional<std::string> FrameDecoder::next() {
  if (ready_.empty()) return std::nullopt;
  std::string message = std::move(ready_.front());
  ready_.pop_front();
  ready_bytes_ -= message.size() + kHeaderBytes;
  return message;
}

UnixLink::UnixLink(UniqueFd socket) : socket_(std::move(socket)) {
  MPIBATCH_CHECK(socket_.get() >= 0);
  const int flags = ::fcntl(socket_.get(), F_GETFL);
  ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
}

Result<void> UnixLink::send(std::string message) {
  if (write_ended_) return fail(ErrorKind::Closed, "the peer has gone");
  if (message.size() > kMessageBytesMax)
    return fail(ErrorKind::Usage, fmt::format("a message of {} bytes is over the limit of {}",
                                              message.size(), kMessageBytesMax));
  const std::size_t bytes = message.size() + kHeaderBytes;
  if (queued_bytes_ + bytes > kQueuedBytesMax) write_some();
  if (queued_bytes_ + bytes > kQueuedBytesMax)
    return fail(ErrorKind::Busy,
                fmt::format("{} bytes wait to leave already: send later", queued_bytes_));
  Outgoing& frame = queue_.emplace_back();
  for (std::size_t i = 0; i < kHeaderBytes; ++i)
    frame.header[i] = static_cast<unsigned char>(message.size() >> (8 * i));
  frame.body = std::move(message);
  queued_bytes_ += bytes;
  // With frames before it the socket was full a moment ago: progress() goes on once it is not.
  if (queue_.size() == 1) write_some();
  if (write_ended_) return fail(ErrorKind::Closed, "the peer has gone");
  return {};
}

void UnixLink::write_some() {
  while (!queue_.empty() && !write_ended_) {
    std::array<iovec, 2 * kFramesAtOnce> parts;
    std::size_t count = 0;
    std::size_t skip = front_sent_;
    std::size_t room = kWriteBytes;
    const auto add = [&](const void* bytes, std::size_t size) {
      const std::size_t skipped = std::min(skip, size);
      skip -= skipped;
      const std::size_t taken = std::min(size - skipped, room);
      if (taken == 0) return;
      room -= taken;
      auto* begin = static_cast<unsigned char*>(const_cast<void*>(bytes)) + skipped;
      parts[count++] = {begin, taken};
    };
    for (std::size_t i = 0; room > 0 && i < std::min(queue_.size(), kFramesAtOnce); ++i) {
      add(queue_[i].header.data(), kHeaderBytes);
      add(queue_[i].body.data(), queue_[i].body.size());
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      drop_sent(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR) {
      end_writing();
    }
  }
}

void UnixLink::drop_sent(std::size_t bytes) {
  queued_bytes_ -= bytes;
  front_sent_ += bytes;
  while (!queue_.empty() && front_sent_ >= queue_.front().body.size() + kHeaderBytes) {
    front_sent_ -= queue_.front().body.size() + kHeaderBytes;
    queue_.pop_front();
  }
}

void UnixLink::end_writing() {
  write_ended_ = true;
  queue_.clear();
  queued_bytes_ = 0;
  front_sent_ = 0;
}

void UnixLink::read_some() {
  std::array<char, kReadBytes> buffer;
  while (!read_ended_ && decoder_.ready_bytes() < kArrivedBytesMax) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size > 0) {
      if (!decoder_.feed({buffer.data(), static_cast<std::size_t>(size)})) read_ended_ = true;
      // A short read emptied the socket: the next call would only say so.
      if (static_cast<std::size_t>(size) < buffer.size()) break;
    } else if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      break;
    } else if (size == 0 || errno != EINTR) {
      read_ended_ = true;
    }
  }
  if (read_ended_ && !write_ended_) end_writing();
}

void UnixLink::progress() {
  write_some();
  read_some();
}

std::optional<std::string> UnixLink::receive() { return decoder_.next(); }

}  // namespace mpibatch::transport
