// Messages as bytes: one Boost binary archive (no header, no codecvt) a batch. Only between builds
// of one version: the encoding starts with a version word, and a mismatch is an error that names
// both.
#pragma once

#include <string>

#include <mpibatch/base/error.hpp>
#include <mpibatch/protocol/frames.hpp>

namespace mpibatch::protocol {

std::string encode(const DownMessage& message);
std::string encode(const UpMessage& message);
// Damaged where the bytes are no such message; never crashes on bad ones.
Result<DownMessage> decode_down(const std::string& bytes);
Result<UpMessage> decode_up(const std::string& bytes);

}  // namespace mpibatch::protocol
