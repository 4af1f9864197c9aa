#include <mpibatch/transport/unix_socket.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"
#include "transport/unix_link.hpp"

namespace mpibatch::transport {
namespace {

using mpibatch::testing::TemporaryFolder;

// Waits as the seam says and receives; none where the peer has gone.
std::optional<std::string> wait_for_message(Link& link) {
  while (true) {
    if (auto message = link.receive()) return message;
    if (link.closed()) return std::nullopt;
    pollfd ready{link.descriptor(),
                 static_cast<short>(link.wants_write() ? POLLIN | POLLOUT : POLLIN), 0};
    ::poll(&ready, 1, link.wait_ms_max());
    link.progress();
  }
}

std::pair<std::unique_ptr<Link>, UniqueFd> link_and_raw_end() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  return {make_unix_link(UniqueFd(ends[0])), UniqueFd(ends[1])};
}

TEST(FrameDecoder, CutsTheSameMessagesWhereverTheBytesAreSplit) {
  const std::string bytes("\x03\0\0\0abc\0\0\0\0\x01\0\0\0z", 16);
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    FrameDecoder decoder;
    EXPECT_TRUE(decoder.feed(bytes.substr(0, split)));
    EXPECT_TRUE(decoder.feed(bytes.substr(split)));
    EXPECT_EQ(decoder.ready_bytes(), bytes.size());
    EXPECT_EQ(decoder.next(), "abc");
    EXPECT_EQ(decoder.next(), "");
    EXPECT_EQ(decoder.next(), "z");
    EXPECT_EQ(decoder.next(), std::nullopt);
    EXPECT_EQ(decoder.ready_bytes(), 0U);
  }
}

TEST(FrameDecoder, RefusesALengthOverTheLimitBeforeItAllocates) {
  FrameDecoder decoder;
  EXPECT_FALSE(decoder.feed(std::string_view("\x01\0\0\x04", 4)));  // 64 MiB + 1
  EXPECT_TRUE(decoder.empty());
}

TEST(UnixLink, HandsOutWhatArrivedBeforeThePeerWent) {
  auto [near, far] = make_unix_pair();
  ASSERT_TRUE(far->send("first"));
  ASSERT_TRUE(far->send(std::string(100'000, 'x')));
  far.reset();
  EXPECT_FALSE(near->closed());
  EXPECT_EQ(wait_for_message(*near), "first");
  EXPECT_EQ(wait_for_message(*near), std::string(100'000, 'x'));
  EXPECT_EQ(wait_for_message(*near), std::nullopt);
  EXPECT_TRUE(near->closed());
}

TEST(UnixLink, SendSaysThatThePeerHasGone) {
  auto [near, far] = make_unix_pair();
  far.reset();
  const auto sent = near->send("x");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::Closed);
  EXPECT_EQ(near->queued_bytes(), 0U);
  EXPECT_FALSE(near->wants_write());
  near->progress();
  EXPECT_TRUE(near->closed());
}

TEST(UnixLink, EndsAtALengthOverTheLimitAndKeepsWhatCameBefore) {
  auto [link, raw] = link_and_raw_end();
  const std::string bytes("\x02\0\0\0ok\xff\xff\xff\xff and more", 19);
  ASSERT_EQ(::write(raw.get(), bytes.data(), bytes.size()), 19);
  EXPECT_EQ(wait_for_message(*link), "ok");
  EXPECT_EQ(wait_for_message(*link), std::nullopt);
  EXPECT_TRUE(link->closed());
}

TEST(UnixLink, EndsWhereAMessageIsCutOff) {
  auto [link, raw] = link_and_raw_end();
  ASSERT_EQ(::write(raw.get(), "\x05\0\0\0ab", 6), 6);
  raw.reset();
  EXPECT_EQ(wait_for_message(*link), std::nullopt);
  EXPECT_TRUE(link->closed());
}

TEST(UnixLink, PausesReadingUntilItsMessagesAreTaken) {
  auto [near, far] = make_unix_pair();
  const std::string message(1 << 20, 'm');
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(far->send(message));
  for (int i = 0; i < 2000; ++i) {
    far->progress();
    near->progress();
  }
  EXPECT_GT(far->queued_bytes(), 0U);  // 40 MiB do not pass a reader that holds 16
  int received = 0;
  while (received < 40) {
    far->progress();
    near->progress();
    while (auto got = near->receive()) {
      EXPECT_EQ(*got, message);
      ++received;
    }
  }
  EXPECT_EQ(far->queued_bytes(), 0U);
}

TEST(UnixListener, ConnectsTwoEnds) {
  const TemporaryFolder folder;
  auto listener = UnixListener::listen(folder / "s");
  ASSERT_TRUE(listener);
  EXPECT_EQ((*listener)->accept(), nullptr);
  auto near = connect_unix(folder / "s");
  ASSERT_TRUE(near);
  ASSERT_TRUE((*near)->send("hello"));
  auto far = (*listener)->accept();
  ASSERT_NE(far, nullptr);
  EXPECT_EQ(wait_for_message(*far), "hello");
}

TEST(UnixListener, TakesOverADeadSocketFileAndRemovesItsOwn) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  auto first = UnixListener::listen(path);
  ASSERT_TRUE(first);
  auto second = UnixListener::listen(path);
  ASSERT_TRUE(second);
  first->reset();  // leaves its successor's file alone
  EXPECT_TRUE(connect_unix(path));
  second->reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto gone = connect_unix(path);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::NotFound);
}

TEST(UnixListener, LeavesAFileThatIsNoSocketAlone) {
  const TemporaryFolder folder;
  std::ofstream(folder / "s") << "precious";
  const auto listener = UnixListener::listen(folder / "s");
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().kind, ErrorKind::Busy);
  EXPECT_TRUE(std::filesystem::exists(folder / "s"));
}

TEST(UnixListener, RefusesAPathThatIsTooLong) {
  const std::string path = "/tmp/" + std::string(103, 'x');
  const auto listener = UnixListener::listen(path);
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().kind, ErrorKind::Usage);
  EXPECT_EQ(connect_unix(path).error().kind, ErrorKind::Usage);
}

TEST(ConnectUnix, SaysThatNobodyListensAtADeadSocketFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  auto listener = UnixListener::listen(path);
  ASSERT_TRUE(listener);
  std::filesystem::create_hard_link(path, folder / "dead");
  listener->reset();
  const auto link = connect_unix(folder / "dead");
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace mpibatch::transport
