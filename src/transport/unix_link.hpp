// A link over a connected stream socket: frames out through a queue, frames in through a decoder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <mpibatch/base/unique_fd.hpp>
#include <mpibatch/transport/link.hpp>

namespace mpibatch::transport {

inline constexpr std::size_t kHeaderBytes = 4;  // u32, little-endian: the message's size
// Whole messages that wait for receive(); beyond it reading pauses, and the peer's sends wait.
inline constexpr std::size_t kArrivedBytesMax = std::size_t{16} << 20;

// Cuts a stream of bytes into messages.
class FrameDecoder {
 public:
  // False once a length is over kMessageBytesMax: nothing after it can be understood.
  bool feed(std::string_view bytes);
  std::optional<std::string> next();
  std::size_t ready_bytes() const { return ready_bytes_; }
  bool empty() const { return ready_.empty(); }

 private:
  void finish_message();

  std::array<unsigned char, kHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  std::size_t body_size_ = 0;
  std::string body_;
  std::deque<std::string> ready_;
  std::size_t ready_bytes_ = 0;
};

class UnixLink final : public Link {
 public:
  explicit UnixLink(UniqueFd socket);

  Result<void> send(std::string message) override;
  std::optional<std::string> receive() override;
  void progress() override;
  std::size_t queued_bytes() const override { return queued_bytes_; }
  bool closed() const override { return read_ended_ && decoder_.empty(); }
  int descriptor() const override { return socket_.get(); }
  bool wants_write() const override { return !queue_.empty(); }

 private:
  struct Outgoing {
    std::array<unsigned char, kHeaderBytes> header;
    std::string body;
  };
  void write_some();
  void drop_sent(std::size_t bytes);
  void read_some();
  void end_writing();

  UniqueFd socket_;
  FrameDecoder decoder_;
  std::deque<Outgoing> queue_;
  std::size_t front_sent_ = 0;  // of the first frame, header included
  std::size_t queued_bytes_ = 0;
  bool read_ended_ = false;
  bool write_ended_ = false;
};

}  // namespace mpibatch::transport
