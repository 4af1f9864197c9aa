#include <mpibatch/node/starter_port.hpp>

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <mpibatch/base/host.hpp>
#include <mpibatch/transport/unix_socket.hpp>

#include "node/node_folder.hpp"

namespace mpibatch::node {

namespace {

constexpr Duration kPauseMin = std::chrono::milliseconds{1};
constexpr Duration kPauseMax = std::chrono::milliseconds{20};
constexpr Duration kLaunchPauseMin = std::chrono::milliseconds{50};
constexpr Duration kLaunchPauseMax = std::chrono::seconds{2};
constexpr int kFailuresToTell = 3;

// Notes whether the peer was heard, and whether there is something to hear: it speaks once it is
// attached, and then every sixth of its lease.
class HeardLink final : public transport::Link {
 public:
  explicit HeardLink(std::unique_ptr<transport::Link> link) : link_(std::move(link)) {}
  Result<void> send(std::string message) override {
    awaited_ = true;
    return link_->send(std::move(message));
  }
  std::optional<std::string> receive() override {
    auto message = link_->receive();
    heard_ |= message.has_value();
    return message;
  }
  void progress() override { link_->progress(); }
  std::size_t queued_bytes() const override { return link_->queued_bytes(); }
  bool closed() const override { return link_->closed(); }
  int descriptor() const override { return link_->descriptor(); }
  bool wants_write() const override { return link_->wants_write(); }
  int wait_ms_max() const override { return link_->wait_ms_max(); }

  bool awaited() const { return awaited_; }
  bool take_heard() { return std::exchange(heard_, false); }

 private:
  std::unique_ptr<transport::Link> link_;
  bool awaited_ = false;
  bool heard_ = false;
};

}  // namespace

struct StarterPort::State {
  State(LaunchOptions given, bool launching) : options(std::move(given)), may_launch(launching) {}

  LaunchOptions options;
  bool may_launch;
  std::unique_ptr<HeardLink> link;
  std::uint64_t links = 0;
  bool left = false;
  std::string failure;
  int failures = 0;
  pid_t child = 0;
  Duration last_step{0};
  Duration heard{0};
  Duration next_try{0};
  Duration next_launch{0};
  Duration pause = kPauseMin;
  Duration launch_pause = kLaunchPauseMin;

  void collect_child(Duration now);
  void watch_silence(Duration now);
  void connect(Duration now);
  void launch(Duration now);
  void note_failure(std::string why);
};

void StarterPort::State::note_failure(std::string why) {
  if (++failures >= kFailuresToTell) failure = std::move(why);
}

void StarterPort::State::collect_child(Duration now) {
  int status = 0;
  if (child == 0 || ::waitpid(child, &status, WNOHANG) != child) return;
  child = 0;
  if (link) return;
  next_launch = now + launch_pause;
  launch_pause = std::min(launch_pause * 2, kLaunchPauseMax);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kStarterFailed)
    note_failure("the starter on " + host_name() +
                 " cannot work: " + failure_of_starter(options.starter));
}

// Silence counts only while we were awake ourselves.
void StarterPort::State::watch_silence(Duration now) {
  const Duration lease = options.starter.lease;
  const bool spoke = link->take_heard();
  if (spoke) {  // one that only hangs up on us is neither well nor asked all the time
    pause = kPauseMin;
    launch_pause = kLaunchPauseMin;
    failures = 0;
    failure.clear();
  }
  if (spoke || !link->awaited() || now - last_step > lease / 12) heard = now;
  if (now - heard < lease / 3) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(link->descriptor(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid > 0)
    ::kill(peer.pid, SIGKILL);
  link.reset();
}

void StarterPort::State::connect(Duration now) {
  if (now < next_try) return;
  next_try = now + pause;
  pause = std::min(pause * 2, kPauseMax);
  const auto folder = node_folder(options.starter.run, options.starter.share);
  if (!folder) return note_failure(folder.error().message);
  auto made = transport::connect_unix(NodePaths{*folder}.socket());
  if (made) {
    link = std::make_unique<HeardLink>(std::move(*made));
    ++links;
    heard = now;
    return;
  }
  if (made.error().kind != ErrorKind::NotFound) return note_failure(made.error().message);
  // A starter that was told to leave removes its folder; one that died cannot.
  if (links > 0 && ::access(folder->c_str(), F_OK) != 0) left = true;
  if (!may_launch) left = true;
  if (!left && child == 0 && now >= next_launch) launch(now);
}

void StarterPort::State::launch(Duration now) {
  const auto launched = launch_starter(options);
  if (launched) {
    child = *launched;
    return;
  }
  note_failure(launched.error().message);
  next_launch = now + launch_pause;
  launch_pause = std::min(launch_pause * 2, kLaunchPauseMax);
}

StarterPort::StarterPort(LaunchOptions options, bool may_launch)
    : state_(std::make_unique<State>(std::move(options), may_launch)) {}
StarterPort::~StarterPort() {
  // A starter that was launched and never spoken to has nothing, and would wait for a whole lease.
  if (state_->child > 0 && state_->links == 0) ::kill(state_->child, SIGTERM);
}

void StarterPort::step(Duration boot) {
  State& state = *state_;
  if (state.link && state.link->closed()) {
    state.link.reset();
    state.next_try = boot;
  }
  if (state.link) state.watch_silence(boot);
  state.last_step = boot;
  state.collect_child(boot);
  if (!state.link && !state.left) state.connect(boot);
}

transport::Link* StarterPort::link() { return state_->link.get(); }
std::uint64_t StarterPort::links_made() const { return state_->links; }
const std::string& StarterPort::failure() const { return state_->failure; }
bool StarterPort::left() const { return state_->left; }

int StarterPort::wait_ms_max() const {
  const State& state = *state_;
  if (state.left) return -1;
  if (!state.link) return static_cast<int>(state.pause / std::chrono::milliseconds{1});
  const auto quarter = state.options.starter.lease / 24 / std::chrono::milliseconds{1};
  return static_cast<int>(std::max<std::int64_t>(quarter, 1));
}

}  // namespace mpibatch::node
