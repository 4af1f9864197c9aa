#include <mpibatch/protocol/codec.hpp>

#include <algorithm>
#include <exception>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include <mpibatch/base/crc32c.hpp>
#include <mpibatch/base/layout.hpp>

#include "protocol/archives.hpp"
#include "protocol/std_types.hpp"

namespace mpibatch::protocol {
namespace {

// Before each archive: so that bad bytes are found before Boost reads them.
struct Prefix {
  std::uint8_t direction = 0;  // 'D' or 'U'
  std::uint8_t major = 0;      // the version of mpibatch that encoded it
  std::uint8_t minor = 0;
  std::uint8_t patch = 0;
  std::uint32_t crc = 0;  // CRC-32C of the archive
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& direction& major& minor& patch& crc;
  }
};
constexpr std::size_t kPrefixSize = 8;

constexpr std::uint8_t version_part(std::string_view version, int part) {
  unsigned number = 0;
  for (const char c : version) {
    if (c == '.') {
      --part;
    } else if (part == 0) {
      number = number * 10 + static_cast<unsigned>(c - '0');
    }
  }
  return static_cast<std::uint8_t>(number);
}

template <class Message>
Prefix prefix_of(std::string_view archive) {
  constexpr std::string_view kVersion = MPIBATCH_VERSION;
  return {std::is_same_v<Message, DownMessage> ? std::uint8_t{'D'} : std::uint8_t{'U'},
          version_part(kVersion, 0), version_part(kVersion, 1), version_part(kVersion, 2),
          crc32c(archive)};
}

template <class Message>
std::string encode_message(const Message& message) {
  std::string bytes(kPrefixSize, '\0');
  {
    StringOutput output(bytes);
    OutputArchive archive(output, kArchiveFlags);
    archive << message;
  }
  const std::string prefix =
      to_layout(prefix_of<Message>(std::string_view(bytes).substr(kPrefixSize)));
  return bytes.replace(0, kPrefixSize, prefix);
}

tl::unexpected<Error> damaged(std::size_t size, std::string_view how) {
  return fail(ErrorKind::Damaged, fmt::format("a message of {} bytes {}", size, how));
}

Result<void> check_prefix(const std::string& bytes, const Prefix& own) {
  Prefix found;
  if (bytes.size() < kPrefixSize ||
      !from_layout(std::string_view(bytes).substr(0, kPrefixSize), found))
    return damaged(bytes.size(), "is too short");
  if (found.direction != own.direction)
    return damaged(bytes.size(), "is none of mpibatch's in this direction");
  if (found.crc != own.crc) return damaged(bytes.size(), "is damaged: its checksum is wrong");
  if (found.major != own.major || found.minor != own.minor || found.patch != own.patch)
    return fail(
        ErrorKind::Damaged,
        fmt::format("the other side is mpibatch {}.{}.{}, this side is {}.{}.{}: "
                    "install the same version on all nodes",
                    found.major, found.minor, found.patch, own.major, own.minor, own.patch));
  return {};
}

template <class Message>
Result<Message> decode_message(const std::string& bytes) {
  const std::string_view body = std::string_view(bytes).substr(std::min(kPrefixSize, bytes.size()));
  if (auto good = check_prefix(bytes, prefix_of<Message>(body)); !good)
    return tl::unexpected(good.error());
  try {
    StringInput input(body);
    InputArchive archive(input);
    Message message;
    archive >> message;
    if (input.left() > 0) return damaged(bytes.size(), "has bytes beyond its end");
    return message;
  } catch (const std::exception& error) {
    return damaged(bytes.size(), fmt::format("is damaged: {}", error.what()));
  }
}

}  // namespace

std::string encode(const DownMessage& message) { return encode_message(message); }
std::string encode(const UpMessage& message) { return encode_message(message); }
Result<DownMessage> decode_down(const std::string& bytes) {
  return decode_message<DownMessage>(bytes);
}
Result<UpMessage> decode_up(const std::string& bytes) { return decode_message<UpMessage>(bytes); }

}  // namespace mpibatch::protocol
