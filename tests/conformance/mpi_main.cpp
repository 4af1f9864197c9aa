// Links over MPI, two ranks or more: rank 0 runs the tests against rank 1, the others serve.
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <mpibatch/transport/mpi_world.hpp>
#include "conformance/peer.hpp"

namespace mpibatch::conformance {

namespace {

// gtest makes the fixtures: nothing can be handed to them.
transport::MpiWorld* world = nullptr;
std::string broadcast;
std::vector<std::string> gathered;

class Rank1 final : public LinkWithPeer {
 public:
  transport::Link& link() override { return *link_; }

 private:
  std::unique_ptr<transport::Link> link_ = world->link(1);
};

int run(int argc, char** argv) {
  auto started = transport::MpiWorld::start(&argc, &argv);
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 2;
  }
  world = started->get();
  if (world->size() < 2) {
    std::fprintf(stderr, "two ranks are needed: mpirun -n 2\n");
    return 2;
  }
  broadcast = world->broadcast(world->rank() == 0 ? "to all" : "");
  gathered = world->gather(world->rank() == 0 ? "" : "rank " + std::to_string(world->rank()));
  if (world->rank() != 0) {
    const auto link = world->link(0);
    serve(*link);
    world->finish();
    return 0;
  }
  ::testing::InitGoogleTest(&argc, argv);
  const int rc = RUN_ALL_TESTS();
  for (int peer = 1; peer < world->size(); ++peer) (void)world->link(peer)->send("bye");
  world->finish();
  return rc;
}

}  // namespace

std::unique_ptr<LinkWithPeer> open_link() { return std::make_unique<Rank1>(); }

TEST(MpiWorld, BroadcastsAndGathersStrings) {
  EXPECT_EQ(broadcast, "to all");
  ASSERT_EQ(gathered.size(), static_cast<std::size_t>(world->size()));
  EXPECT_EQ(gathered[0], "");
  EXPECT_EQ(gathered[1], "rank 1");
}

TEST(MpiWorld, CountsTheRanksOfAHost) {
  EXPECT_EQ(world->local_rank(), 0);
  EXPECT_EQ(world->local_size(), world->size());
}

}  // namespace mpibatch::conformance

int main(int argc, char** argv) { return mpibatch::conformance::run(argc, argv); }
