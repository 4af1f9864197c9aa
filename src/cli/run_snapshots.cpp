#include "cli/run_snapshots.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

extern char** environ;

namespace mpibatch::cli {

namespace {

constexpr std::uint64_t kJournalBytes = std::uint64_t{64} << 20;
// A run that lasts shows a state.h5 early; one of a few seconds makes its last one alone.
constexpr int kFirstAfterCalls = 5;

}  // namespace

Snapshots::Snapshots(std::string executable, std::string state_folder, bool recovered)
    : executable_(std::move(executable)), state_folder_(std::move(state_folder)), due_(recovered) {}

Snapshots::~Snapshots() { reap(true); }

void Snapshots::journal_grew(std::uint64_t bytes, store::FactNumber synced) {
  // None of our facts is safe yet: it would be a snapshot of the state before the first of all.
  if (synced == store::FactNumber{}) return;
  if (!reap(false)) return;
  if (++calls_ == kFirstAfterCalls) due_ = true;
  if (!due_ && bytes - covered_bytes_ < kJournalBytes) return;
  due_ = false;
  covered_bytes_ = bytes;
  start(synced);
}

bool Snapshots::make_last() {
  reap(true);
  if (!start({})) return false;
  reap(true);
  return last_good_;
}

bool Snapshots::start(std::optional<store::FactNumber> upto) {
  std::vector<std::string> words{executable_, "compact", "--state", state_folder_, "--child"};
  if (upto) {
    words.emplace_back("--upto");
    words.push_back(std::to_string(model::number_of(upto->epoch)) + "." +
                    std::to_string(upto->number));
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const int failed =
      ::posix_spawn(&running_, executable_.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) running_ = -1;
  return failed == 0;
}

// True if none is running any more.
bool Snapshots::reap(bool wait) {
  while (running_ > 0) {
    int status = 0;
    const pid_t gone = ::waitpid(running_, &status, wait ? 0 : WNOHANG);
    if (gone == 0) return false;
    if (gone < 0 && errno == EINTR) continue;
    last_good_ = gone > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    running_ = -1;
  }
  return true;
}

}  // namespace mpibatch::cli
