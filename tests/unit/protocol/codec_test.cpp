#include <mpibatch/protocol/codec.hpp>

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include <mpibatch/base/crc32c.hpp>
#include <mpibatch/base/layout.hpp>

namespace mpibatch::protocol {
namespace {

constexpr std::size_t kPrefixSize = 8;
constexpr std::size_t kChecksumAt = 4;

const GrantId kGrant{model::Epoch{2}, 17};

model::JobTemplate job_template() {
  model::JobTemplate job;
  job.job = model::JobId{3};
  job.revision = model::Revision{1};
  job.name = "align";
  job.queue = "cpu";
  job.definition = "aligner";
  job.array = true;
  job.size = 16;
  job.command = {"align", "Ref::{sample}", ""};
  job.task_line = true;
  job.environment = {{"A", "1"}, {"B", std::string("\0\xFF", 2)}};
  job.working_directory = "/data";
  job.keep_tmp = true;
  job.timeout = std::chrono::hours{1};
  job.parameter_names = {"sample"};
  job.parameters = {{"reference", "lambda"}};
  job.resources = {2, 4096, 1};
  return job;
}

EndNotice end_notice() {
  EndNotice notice;
  notice.number = std::numeric_limits<std::uint64_t>::max();
  notice.execution = {model::JobId{3}, 12, kGrant};
  notice.end.kind = model::EndKind::Stopped;
  notice.end.code = -1;
  notice.end.reason = "lease";
  notice.end.started_at = instant_from_us(std::numeric_limits<std::int64_t>::min());
  notice.end.stopped_at = instant_from_us(std::numeric_limits<std::int64_t>::max());
  notice.end.usage = {Duration{1}, Duration{2}, Duration{3}, 4};
  return notice;
}

// Every kind of frame, with no field at its default; and each kind once more as it is made.
DownMessage down_message() {
  Attach attach{"0123", "/state", "nonce", Duration{60}, Duration{30}, {}};
  attach.surroundings = {{{"PATH", "/bin"}}, "/home", 0077, {{7, 1024, ~std::uint64_t{0}}}};
  Grant grant{kGrant, model::JobId{~0U}, model::Revision{5}, {{0, 2}, {4, 5}},
              {},     {1, 2, 255},       {2, 768, 1},        "rack",
              {}};
  grant.gang = GangRole{kGrant, {{1, 3}}, 4, 1, "node1"};
  grant.values = {{"a", ""}, {}, {"b"}};
  grant.after = model::ExecutionId{model::JobId{3}, 7, kGrant};
  return {model::Epoch{2},
          {0xFEDCBA9876543210},
          {attach, Templates{{job_template(), {}}}, grant, Recall{kGrant, {{1, 2}}},
           StopAll{Duration{-1}}, Renewed{Duration{5}}, Acknowledged{~std::uint64_t{0}},
           Leave{true}, Stop{kGrant, {{1, 2}}, Duration{7}}, Attach{}, Templates{}, Grant{},
           Recall{}, StopAll{}, Renewed{}, Acknowledged{}, Leave{}, Stop{}}};
}

UpMessage up_message() {
  Hello hello{{"node1", 1}, {0xab}, "boot",    {8, 16'384}, "2 CPUs", model::Predecessor::None,
              {},           0,      {"numa:2"}};
  hello.inventory = {{kGrant, {{0, 4}}, {{0, 2}}}, {}};
  return {
      model::Epoch{2},
      {0xab},
      {hello, Refused{"not shared"}, Started{{{kGrant, {{0, 2}}}, {}}}, Ends{{end_notice(), {}}},
       Returned{kGrant, {{2, 4}}}, RenewRequest{Duration{77}}, Trouble{true, "disk full"}, Hello{},
       Refused{}, Started{}, Ends{}, Returned{}, RenewRequest{}, Trouble{}}};
}

ErrorKind up_error(const std::string& bytes) {
  const auto decoded = decode_up(bytes);
  EXPECT_FALSE(decoded);
  return decoded ? ErrorKind::Usage : decoded.error().kind;
}

std::string with_right_checksum(std::string bytes) {
  const std::uint32_t crc = crc32c(std::string_view(bytes).substr(kPrefixSize));
  return bytes.replace(kChecksumAt, sizeof crc, to_layout(crc));
}

TEST(Codec, BringsEveryFrameBack) {
  const auto down = decode_down(encode(down_message()));
  ASSERT_TRUE(down) << down.error().message;
  EXPECT_EQ(*down, down_message());
  const auto up = decode_up(encode(up_message()));
  ASSERT_TRUE(up) << up.error().message;
  EXPECT_EQ(*up, up_message());
}

TEST(Codec, KnowsEveryKindOfFrame) {
  std::vector<bool> down(std::variant_size_v<DownFrame>);
  for (const DownFrame& frame : down_message().frames) down[frame.index()] = true;
  EXPECT_EQ(down, std::vector<bool>(down.size(), true)) << "a new frame needs a sample above";
  std::vector<bool> up(std::variant_size_v<UpFrame>);
  for (const UpFrame& frame : up_message().frames) up[frame.index()] = true;
  EXPECT_EQ(up, std::vector<bool>(up.size(), true)) << "a new frame needs a sample above";
}

TEST(Codec, BringsAnEmptyMessageBack) {
  EXPECT_EQ(decode_up(encode(UpMessage{})), UpMessage{});
  EXPECT_EQ(decode_down(encode(DownMessage{})), DownMessage{});
}

TEST(Codec, BringsAGreatMessageBack) {
  UpMessage message;
  message.frames.assign(1, Ends{std::vector<EndNotice>(50'000, end_notice())});
  EXPECT_EQ(decode_up(encode(message)), message);
}

TEST(Codec, EncodesTheSameTwice) { EXPECT_EQ(encode(up_message()), encode(up_message())); }

TEST(Codec, RefusesTheOtherDirection) {
  EXPECT_EQ(up_error(encode(DownMessage{})), ErrorKind::Damaged);
  EXPECT_FALSE(decode_down(encode(UpMessage{})));
}

TEST(Codec, NamesBothVersionsWhereTheyDiffer) {
  std::string bytes = encode(UpMessage{});
  bytes[1] = 99;
  const auto decoded = decode_up(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().message.find("mpibatch 99."), std::string::npos)
      << decoded.error().message;
  EXPECT_NE(decoded.error().message.find(std::string("this side is ") + MPIBATCH_VERSION),
            std::string::npos)
      << decoded.error().message;
}

TEST(Codec, RefusesEveryTruncation) {
  const std::string bytes = encode(up_message());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(up_error(bytes.substr(0, size)), ErrorKind::Damaged) << size;
}

TEST(Codec, RefusesEveryChangedByte) {
  const std::string good = encode(up_message());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x41);
    EXPECT_EQ(up_error(bytes), ErrorKind::Damaged) << at;
  }
}

TEST(Codec, RefusesWhatFollowsTheEnd) {
  EXPECT_EQ(up_error(encode(UpMessage{}) + '\0'), ErrorKind::Damaged);
  EXPECT_EQ(up_error(with_right_checksum(encode(UpMessage{}) + '\0')), ErrorKind::Damaged);
}

TEST(Codec, RefusesRandomBytes) {
  std::mt19937 random(1);
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(up_error(bytes), ErrorKind::Damaged);
    EXPECT_FALSE(decode_down(bytes));
  }
}

// A peer gone mad: its checksums are right. Whatever comes of it is a message or an error.
TEST(Codec, SurvivesBadBytesUnderARightChecksum) {
  std::mt19937 random(2);
  const std::string up = encode(up_message());
  const std::string down = encode(down_message());
  for (int round = 0; round < 10'000; ++round) {
    std::string bytes = round % 2 == 0 ? up : down;
    const auto changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i)
      bytes[kPrefixSize + random() % (bytes.size() - kPrefixSize)] = static_cast<char>(random());
    if (round % 7 == 0) bytes.resize(kPrefixSize + random() % (bytes.size() - kPrefixSize));
    bytes = with_right_checksum(std::move(bytes));
    const auto decoded_up = decode_up(bytes);
    const auto decoded_down = decode_down(bytes);
    EXPECT_FALSE(decoded_up && decoded_down);
    if (decoded_up) {
      EXPECT_EQ(decode_up(encode(*decoded_up)), *decoded_up);
    }
    if (decoded_down) {
      EXPECT_EQ(decode_down(encode(*decoded_down)), *decoded_down);
    }
  }
}

}  // namespace
}  // namespace mpibatch::protocol
