#include <mpibatch/transport/mpi_world.hpp>

#include <mpi.h>

#include <climits>
#include <cstdlib>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include <mpibatch/base/check.hpp>
#include <mpibatch/base/layout.hpp>
#include <mpibatch/base/log.hpp>
#include <mpibatch/base/random.hpp>
#include "transport/mpi/doorbell.hpp"
#include "transport/mpi/hub.hpp"

extern char** environ;

namespace mpibatch::transport {

namespace {

// What is still queued at the end leaves within this time, or the world ends without MPI_Finalize.
constexpr std::chrono::milliseconds kFinishPatience{10'000};

std::string describe(int error) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int size = 0;
  MPI_Error_string(error, text, &size);
  return {text, static_cast<std::size_t>(size)};
}

// Every rank's bytes at every rank, or at rank 0 alone; by rank.
std::vector<std::string> collect(MPI_Comm world, const std::string& mine, bool everywhere) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &size);
  const auto count = static_cast<std::size_t>(size);
  const int own = static_cast<int>(mine.size());
  std::vector<int> sizes(count);
  std::vector<int> starts(count);
  MPI_Allgather(&own, 1, MPI_INT, sizes.data(), 1, MPI_INT, world);
  const auto total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  MPIBATCH_CHECK(total <= INT_MAX);
  std::exclusive_scan(sizes.begin(), sizes.end(), starts.begin(), 0);
  std::string all(everywhere || rank == 0 ? total : 0, '\0');
  if (everywhere)
    MPI_Allgatherv(mine.data(), own, MPI_BYTE, all.data(), sizes.data(), starts.data(), MPI_BYTE,
                   world);
  else
    MPI_Gatherv(mine.data(), own, MPI_BYTE, all.data(), sizes.data(), starts.data(), MPI_BYTE, 0,
                world);
  std::vector<std::string> parts;
  if (all.size() != total) return parts;
  for (std::size_t i = 0; i < count; ++i)
    parts.push_back(
        all.substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(sizes[i])));
  return parts;
}

std::map<std::string, std::string> variables() {
  std::map<std::string, std::string> found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (const auto equals = text.find('='); equals != std::string::npos)
      found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

// Open MPI sets variables for the libraries below it, which have read them when it has started
// (PSM2_DEVICES, say). Left there, they would be taken for the user's and reach every attempt.
void restore_variables(const std::map<std::string, std::string>& before) {
  for (const auto& [name, value] : variables())
    if (!before.contains(name)) ::unsetenv(name.c_str());
  for (const auto& [name, value] : before) {
    const char* now = std::getenv(name.c_str());
    if (now == nullptr || value != now) ::setenv(name.c_str(), value.c_str(), 1);
  }
}

class MpiLink final : public Link {
 public:
  MpiLink(std::shared_ptr<Hub> hub, int peer) : hub_(std::move(hub)), peer_(peer) {}
  Result<void> send(std::string message) override { return hub_->send(peer_, std::move(message)); }
  std::optional<std::string> receive() override { return hub_->receive(peer_); }
  void progress() override { hub_->progress(); }
  std::size_t queued_bytes() const override { return hub_->queued_bytes(peer_); }
  bool closed() const override { return hub_->closed(peer_); }
  int descriptor() const override { return hub_->descriptor(); }
  bool wants_write() const override { return false; }
  int wait_ms_max() const override { return hub_->wait_ms_max(); }

 private:
  std::shared_ptr<Hub> hub_;
  int peer_;
};

class World final : public MpiWorld {
 public:
  World(MPI_Comm world, Doorbell doorbell) : world_(world) {
    MPI_Comm_rank(world_, &rank_);
    MPI_Comm_size(world_, &size_);
    const auto cards = exchange(doorbell.card());
    // By name, not by shared memory: a node is known by its host's name and its share there.
    const std::string& host = cards[static_cast<std::size_t>(rank_)].host;
    for (int i = 0; i < size_; ++i) {
      if (cards[static_cast<std::size_t>(i)].host != host) continue;
      ++local_size_;
      if (i < rank_) ++local_rank_;
    }
    std::uint64_t token = rank_ == 0 ? random_u64() : 0;
    MPI_Bcast(&token, 1, MPI_UINT64_T, 0, world_);
    doorbell.meet(token, static_cast<std::uint32_t>(rank_), cards);
    MPI_Comm traffic = MPI_COMM_NULL;
    MPI_Comm_dup(world_, &traffic);
    hub_ = std::make_shared<Hub>(traffic, size_, std::move(doorbell));
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }

  std::unique_ptr<Link> link(int peer) override {
    MPIBATCH_CHECK(peer >= 0 && peer < size_ && peer != rank_ && (rank_ == 0 || peer == 0));
    return std::make_unique<MpiLink>(hub_, peer);
  }

  std::string broadcast(std::string from_rank_0) override {
    std::uint64_t bytes = from_rank_0.size();
    MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, world_);
    MPIBATCH_CHECK(bytes <= INT_MAX);
    from_rank_0.resize(bytes);
    MPI_Bcast(from_rank_0.data(), static_cast<int>(bytes), MPI_BYTE, 0, world_);
    return from_rank_0;
  }

  std::vector<std::string> gather(const std::string& mine) override {
    return collect(world_, mine, false);
  }

  void finish() override {
    if (!hub_->close(kFinishPatience)) {
      log(LogLevel::Warning, "messages to other ranks are still waiting: leaving MPI without them");
      return;
    }
    MPI_Comm_free(&world_);
    MPI_Finalize();
  }

 private:
  std::vector<Card> exchange(const Card& mine) {
    std::vector<Card> cards;
    for (const std::string& bytes : collect(world_, to_layout(mine), true))
      MPIBATCH_CHECK(from_layout(bytes, cards.emplace_back()));
    return cards;
  }

  MPI_Comm world_;
  int rank_ = 0;
  int size_ = 0;
  int local_rank_ = 0;
  int local_size_ = 0;
  std::shared_ptr<Hub> hub_;
};

}  // namespace

Result<std::unique_ptr<MpiWorld>> MpiWorld::start(int* argc, char*** argv) {
  auto doorbell = Doorbell::open();
  if (!doorbell) return tl::unexpected(doorbell.error());
  const auto before = variables();
  int provided = MPI_THREAD_SINGLE;
  if (const int rc = MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided); rc != MPI_SUCCESS)
    return fail(ErrorKind::System, "MPI_Init_thread failed: " + describe(rc));
  if (provided < MPI_THREAD_FUNNELED)
    return fail(ErrorKind::System,
                "this MPI library allows no threads at all (MPI_THREAD_FUNNELED is needed): use a "
                "build with thread support");
  restore_variables(before);
  MPI_Comm world = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &world);
  std::unique_ptr<MpiWorld> made = std::make_unique<World>(world, std::move(*doorbell));
  return made;
}

}  // namespace mpibatch::transport
